package io.fairlead.health;

import io.fairlead.config.RoleProbe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The login to one member of a database that the next question may use, if there is one. */
final class KeptTalk {
  /** How long one may be used. */
  static final long FRESH_MILLIS = 3_000;

  /**
   * One that is open.
   *
   * @param opened by {@link System#nanoTime}
   */
  record Open(
      TimedSocket socket, RoleTalk talk, RoleProbe probe, InetSocketAddress address, long opened) {
    boolean isFor(RoleProbe wanted, InetSocketAddress at) {
      return probe.equals(wanted)
          && address.equals(at)
          && System.nanoTime() - opened < FRESH_MILLIS * 1_000_000;
    }

    void close() {
      try (socket) {
        talk.bye();
      } catch (IOException _) {
        // it is of no use any more
      }
    }
  }

  private final AtomicReference<@Nullable Open> open = new AtomicReference<>();
  private volatile boolean closed;

  @Nullable Open take(RoleProbe probe, InetSocketAddress address) {
    Open known = open.getAndSet(null);
    if (known == null || known.isFor(probe, address)) {
      return known;
    }
    known.close();
    return null;
  }

  void put(Open next) {
    Open before = open.getAndSet(next);
    if (before != null) {
      before.close();
    }
    if (closed) {
      close(); // nobody will come for it
    }
  }

  /** None is kept any longer. */
  void close() {
    closed = true;
    Open known = open.getAndSet(null);
    if (known != null) {
      known.close();
    }
  }
}
