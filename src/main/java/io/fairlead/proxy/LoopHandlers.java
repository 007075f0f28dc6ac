package io.fairlead.proxy;

import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerFactory;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Makes the handlers of event loops, and closes all that is open on them before the loops end.
 *
 * <p>Netty does so itself as it ends a loop, but (4.2.18) not if it is told to while the loop runs
 * tasks: then the sockets of that loop, listening ones among them, stay open as long as the
 * process.
 */
final class LoopHandlers implements IoHandlerFactory {
  private static final long PATIENCE_SECONDS = 5;

  private final IoHandlerFactory factory;
  private final List<Handled> handled = new CopyOnWriteArrayList<>();

  private record Handled(ThreadAwareExecutor loop, IoHandler handler) {}

  LoopHandlers(IoHandlerFactory factory) {
    this.factory = factory;
  }

  @Override
  public IoHandler newHandler(ThreadAwareExecutor loop) {
    IoHandler handler = factory.newHandler(loop);
    handled.add(new Handled(loop, handler));
    return handler;
  }

  @Override
  public boolean isChangingThreadSupported() {
    return factory.isChangingThreadSupported();
  }

  /** Returns when all is closed, or a loop takes too long. Not for event loops. */
  void closeAll() {
    CompletableFuture<?>[] closed =
        handled.stream()
            .map(each -> CompletableFuture.runAsync(each.handler::prepareToDestroy, each.loop))
            .toArray(CompletableFuture<?>[]::new);
    CompletableFuture.allOf(closed)
        .completeOnTimeout(null, PATIENCE_SECONDS, TimeUnit.SECONDS)
        .join();
  }
}
