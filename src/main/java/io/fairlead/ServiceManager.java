package io.fairlead;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells systemd how the service is (sd_notify(3)): that it serves, and which process it is now, so
 * that it does not end with a process that was replaced. Without {@code NOTIFY_SOCKET} nothing.
 */
final class ServiceManager {
  private static final System.Logger LOG = System.getLogger(ServiceManager.class.getName());
  private static final long PATIENCE_MILLIS = 2_000;

  private ServiceManager() {}

  static boolean isThere() {
    return socket() != null;
  }

  private static @Nullable String socket() {
    return System.getenv("NOTIFY_SOCKET");
  }

  /** This process serves, and is the service. */
  static void serves(EventLoop loop) {
    tell(socket(), "READY=1\nMAINPID=" + ProcessHandle.current().pid(), loop);
  }

  /** The service ends, and no other process is to go on. */
  static void ends(EventLoop loop) {
    tell(socket(), "STOPPING=1", loop);
  }

  /**
   * @param socket its path; one that begins with @ has no file (unix(7)); null: nobody listens
   * @param loop an epoll loop; not the caller's
   */
  static void tell(@Nullable String socket, String words, EventLoop loop) {
    if (socket == null) {
      return;
    }
    DomainSocketAddress address =
        new DomainSocketAddress(socket.startsWith("@") ? "\0" + socket.substring(1) : socket);
    Channel channel = null;
    try {
      channel =
          new Bootstrap()
              .group(loop)
              .channel(EpollDomainDatagramChannel.class)
              .handler(new ChannelInboundHandlerAdapter())
              .connect(address)
              .sync()
              .channel();
      ChannelFuture sent =
          channel.writeAndFlush(Unpooled.copiedBuffer(words, StandardCharsets.UTF_8));
      if (!sent.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS) || !sent.isSuccess()) {
        LOG.log(Level.WARNING, "the service manager at {0} takes nothing", socket);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (Exception e) { // sync() throws whatever there was, also what it does not declare
      LOG.log(Level.WARNING, "the service manager at {0} is not told: {1}", socket, reason(e));
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  private static String reason(Exception e) {
    return String.valueOf(e.getMessage()).replace('\0', '@');
  }
}
