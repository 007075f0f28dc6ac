package io.fairlead.proxy;

import io.fairlead.config.HostPort;
import io.netty.channel.Channel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sockets that this process received from its predecessor: those that a listener wants instead of
 * binding, and those that have been given out and are not read from yet. Used by one thread, the
 * one that starts the instance.
 */
final class InheritedSockets {
  private final List<SharedSocket> left = new ArrayList<>();
  private final List<Channel> waiting = new ArrayList<>();

  void add(List<SharedSocket> sockets) {
    left.addAll(sockets);
  }

  /** The one that this listener wants, which is its own from now on; null: there is none. */
  @Nullable SharedSocket take(String listener, boolean datagrams, HostPort address) {
    for (SharedSocket socket : left) {
      if (socket.serves(listener, datagrams, address)) {
        left.remove(socket);
        return socket;
      }
    }
    return null;
  }

  /** Nothing is read from it before {@link #startAll}: the predecessor still serves. */
  void hold(Channel socket) {
    socket.config().setAutoRead(false);
    waiting.add(socket);
  }

  void startAll() {
    waiting.forEach(socket -> socket.config().setAutoRead(true));
    waiting.clear();
    closeLeft();
  }

  /** What nobody wanted. The predecessor's own descriptors have nothing to do with that. */
  void closeLeft() {
    for (SharedSocket socket : left) {
      try {
        new FileDescriptor(socket.descriptor()).close();
      } catch (IOException _) {
        // It is closed then.
      }
    }
    left.clear();
  }
}
