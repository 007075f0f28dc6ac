package io.fairlead.proxy;

import io.fairlead.config.RuntimeConfig.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** How event loops talk to the kernel. */
enum TransportKind {
  EPOLL,
  NIO;

  /**
   * What the operator asked for, or the best there is.
   *
   * @throws IllegalStateException if the machine does not have what was asked for
   */
  static TransportKind of(Transport wanted) {
    return switch (wanted) {
      case AUTO -> Epoll.isAvailable() ? EPOLL : NIO;
      case EPOLL -> require(Epoll.isAvailable(), EPOLL, Epoll.unavailabilityCause());
      case NIO -> NIO;
    };
  }

  private static TransportKind require(
      boolean available, TransportKind kind, @Nullable Throwable why) {
    if (!available) {
      throw new IllegalStateException(
          "runtime.transport: this machine does not offer " + kind + ": " + why);
    }
    return kind;
  }

  IoHandlerFactory newHandlerFactory() {
    return switch (this) {
      case EPOLL -> EpollHandler.newFactory();
      case NIO -> NioIoHandler.newFactory();
    };
  }

  /**
   * @param node what it will be connected to
   */
  Channel newSocketChannel(InetSocketAddress node) {
    return switch (this) {
      case EPOLL -> new EpollSocketChannel(familyOf(node));
      case NIO -> new NioSocketChannel();
    };
  }

  /**
   * What the kernel has to know when a socket is made. A socket of IPv6 takes addresses of IPv4,
   * too, but each call then translates them, back and forth. Null: IPv6 if the machine has it.
   */
  private static @Nullable SocketProtocolFamily familyOf(InetSocketAddress address) {
    return address.getAddress() instanceof Inet4Address ? SocketProtocolFamily.INET : null;
  }

  /**
   * @param address where it will be bound, or what it will be connected to
   * @param bytes room for each datagram; where it allows, several are read at once
   */
  Channel newDatagramChannel(InetSocketAddress address, int bytes) {
    return switch (this) {
      case EPOLL -> {
        EpollDatagramChannel channel = new EpollDatagramChannel(familyOf(address));
        channel.config().setMaxDatagramPayloadSize(bytes);
        yield channel;
      }
      case NIO -> new NioDatagramChannel();
    };
  }

  /**
   * The same socket as another process has; epoll only.
   *
   * @param bytes as above
   */
  Channel adoptDatagramChannel(int descriptor, int bytes) {
    EpollDatagramChannel channel = new EpollDatagramChannel(descriptor);
    channel.config().setMaxDatagramPayloadSize(bytes);
    return channel;
  }

  /** The same. */
  ServerChannel adoptServerChannel(int descriptor) {
    return new EpollServerSocketChannel(descriptor);
  }

  /**
   * @param address where it will be bound
   */
  ServerChannel newServerChannel(InetSocketAddress address) {
    return switch (this) {
      case EPOLL -> new EpollServerSocketChannel(familyOf(address));
      case NIO -> new NioServerSocketChannel();
    };
  }

  /**
   * A virtual IP is bound by all who may own it, also while another one does. NIO cannot: there a
   * listener that is to have one is bound to the wildcard address.
   */
  void allowAbsentAddress(Channel socket) {
    switch (this) {
      case EPOLL -> socket.config().setOption(EpollChannelOption.IP_FREEBIND, true);
      case NIO -> {}
    }
  }

  /**
   * What has begun at a virtual IP is answered from there also when this machine has it no longer.
   * It takes the right to make virtual IPs; without it, such answers do not leave.
   */
  void allowAbsentSource(Channel socket) {
    try {
      switch (this) {
        case EPOLL -> socket.config().setOption(EpollChannelOption.IP_TRANSPARENT, true);
        case NIO -> {}
      }
    } catch (ChannelException e) {
      // Not permitted.
    }
  }
}
