package io.fairlead.proxy;

import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's epoll handler with four changes.
 *
 * <p>What a connection waits for is told to the kernel once, before the loop waits the next time,
 * and only if it differs from what the kernel knows. Nothing is lost by that, since events are
 * reported by waiting only, and a connection is added to the kernel's set in one call where Netty
 * (4.2.18) adds it and changes it afterwards; a new one to a node would be changed three times.
 *
 * <p>A connection of which one half has ended waits for nothing any more. Netty (4.2.18 and 4.2.20)
 * then takes it out of the kernel's set, still believes it is in there, and fails with ENOENT when
 * a later write has to wait: the rest of the answer would be lost. Asking for edge-triggered news
 * of nothing keeps it in the set, and unlike a plain empty set of events reports an end of both
 * halves once and not without pause.
 *
 * <p>A connection that is being closed is closed before it is cancelled, and leaves the kernel's
 * set by that. Netty takes it out by a call of its own first. Listening sockets are left to Netty:
 * as long as another process has them too, closing alone would not take them out.
 *
 * <p>A {@link BulkReader} of a channel may take what has come before Netty reads it.
 */
final class EpollHandler implements IoHandler {
  private static final System.Logger LOG = System.getLogger(EpollHandler.class.getName());

  private final IoHandler netty;
  private final ThreadAwareExecutor executor;

  /** What differs from what the kernel knows. */
  private final List<Registration> changed = new ArrayList<>();

  private EpollHandler(IoHandler netty, ThreadAwareExecutor executor) {
    this.netty = netty;
    this.executor = executor;
  }

  static IoHandlerFactory newFactory() {
    IoHandlerFactory factory = EpollIoHandler.newFactory();
    return executor -> new EpollHandler(factory.newHandler(executor), executor);
  }

  @Override
  public IoRegistration register(IoHandle handle) throws Exception {
    Channel channel =
        handle instanceof Channel.Unsafe unsafe ? unsafe.voidPromise().channel() : null;
    IoHandle watched =
        channel != null && handle instanceof EpollIoHandle epoll
            ? new Watched(epoll, channel)
            : handle;
    return new Registration(netty.register(watched), handle, channel);
  }

  @Override
  public int run(IoHandlerContext context) {
    tellKernel();
    return netty.run(context);
  }

  private void tellKernel() {
    // Whoever is closed because of an error may change others.
    for (int i = 0; i < changed.size(); i++) {
      changed.get(i).tellKernel();
    }
    changed.clear();
  }

  /**
   * Asks who reads in bulk first. Readiness is reported as long as it lasts, so that an end or more
   * bytes come again.
   */
  private record Watched(EpollIoHandle netty, Channel channel) implements EpollIoHandle {
    @Override
    public void handle(IoRegistration registration, IoEvent event) {
      BulkReader reader = BulkReader.of(channel);
      if (reader == null || !isForReader((EpollIoEvent) event) || !reader.readBulk()) {
        netty.handle(registration, event);
      }
    }

    private static boolean isForReader(EpollIoEvent event) {
      return event.ops().contains(EpollIoOps.EPOLLIN)
          && !event.ops().contains(EpollIoOps.EPOLLOUT)
          && !event.ops().contains(EpollIoOps.EPOLLERR);
    }

    @Override
    public FileDescriptor fd() {
      return netty.fd();
    }

    @Override
    public void registered() {
      netty.registered();
    }

    @Override
    public void unregistered() {
      netty.unregistered();
    }

    @Override
    public void close() {
      EpollHandler.close(netty);
    }
  }

  private final class Registration implements IoRegistration {
    private final IoRegistration netty;
    private final IoHandle handle;
    private final @Nullable Channel channel;
    private IoOps wanted = EpollIoOps.NONE;
    private @Nullable IoOps known;
    private boolean listed;

    Registration(IoRegistration netty, IoHandle handle, @Nullable Channel channel) {
      this.netty = netty;
      this.handle = handle;
      this.channel = channel;
    }

    @Override
    public long submit(IoOps ops) {
      IoOps next = ops.equals(EpollIoOps.NONE) ? EpollIoOps.EPOLLET : ops;
      if (!executor.isExecutorThread(Thread.currentThread())) {
        throw new IllegalStateException("not on the event loop of this connection");
      }
      wanted = next;
      if (!listed) {
        listed = true;
        changed.add(this);
      }
      return 0; // epoll has no names for what was asked of it
    }

    void tellKernel() {
      listed = false;
      if (!netty.isValid() || wanted.equals(known)) {
        return;
      }
      try {
        netty.submit(wanted);
        known = wanted;
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "the kernel will not watch a connection, which is closed", e);
        close(handle);
      }
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // the signature is Netty's
    public <T> T attachment() {
      return netty.attachment();
    }

    @Override
    public boolean isValid() {
      return netty.isValid();
    }

    @Override
    public boolean cancel() {
      if (channel instanceof EpollSocketChannel connection
          && !connection.isActive()
          && executor.isExecutorThread(Thread.currentThread())) {
        closeFirst(connection);
      }
      return netty.cancel();
    }

    /** A connection that is cancelled and not active is being closed. */
    private static void closeFirst(EpollSocketChannel connection) {
      try {
        connection.fd().close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "closed, with an error", e); // what was not sent is lost anyway
      }
    }
  }

  private static void close(IoHandle handle) {
    try {
      handle.close();
    } catch (Exception e) {
      LOG.log(Level.WARNING, "a connection does not close", e);
    }
  }

  @Override
  public void initialize() {
    netty.initialize();
  }

  @Override
  public void prepareToDestroy() {
    netty.prepareToDestroy();
  }

  @Override
  public void destroy() {
    netty.destroy();
  }

  @Override
  public void wakeup() {
    netty.wakeup();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> type) {
    return netty.isCompatible(type);
  }
}
