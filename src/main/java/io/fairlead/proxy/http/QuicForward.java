package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Datagrams on their way from the process that has the sockets to the one that has the connection:
 * the sender, and what it sent. They are as true as what comes from anywhere, since QUIC believes
 * nothing that is not encrypted; only the other process may send them all the same, which its port
 * proves.
 */
final class QuicForward extends ChannelInboundHandlerAdapter {
  private static final int PORT_BYTES = 2;

  private final int from;
  private final InetSocketAddress here;
  private final Consumer<Passed> to;

  /**
   * What was passed on.
   *
   * @param sender the client
   * @param content what it sent; a part of what came
   */
  record Passed(InetSocketAddress sender, ByteBuf content) {}

  /**
   * @param here where the sockets are bound, by which the other process sends
   * @param to takes what came, and releases it
   */
  QuicForward(InetSocketAddress here, Consumer<Passed> to) {
    this.from = here.getPort();
    this.here = here;
    this.to = to;
  }

  /** What the other process is sent. */
  static ByteBuf wrap(ChannelHandlerContext ctx, DatagramPacket packet) {
    byte[] address = packet.sender().getAddress().getAddress();
    ByteBuf content = packet.content();
    ByteBuf out =
        ctx.alloc().directBuffer(1 + address.length + PORT_BYTES + content.readableBytes());
    out.writeByte(address.length).writeBytes(address).writeShort(packet.sender().getPort());
    return out.writeBytes(content, content.readerIndex(), content.readableBytes());
  }

  /** What the other process was sent; null: that it is not. */
  static @Nullable Passed unwrap(ByteBuf in) {
    int length = in.isReadable() ? in.readUnsignedByte() : 0;
    if ((length != 4 && length != 16) || in.readableBytes() <= length + PORT_BYTES) {
      return null;
    }
    byte[] address = new byte[length];
    in.readBytes(address);
    try {
      InetSocketAddress sender =
          new InetSocketAddress(InetAddress.getByAddress(address), in.readUnsignedShort());
      return new Passed(sender, in.slice());
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of four or sixteen bytes", e);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      if (packet.sender().getPort() == from
          && (packet.sender().getAddress().isLoopbackAddress() || isOurs(packet))) {
        Passed passed = unwrap(packet.content());
        if (passed != null) {
          passed.content().retain();
          to.accept(passed);
        }
      }
    } finally {
      packet.release();
    }
  }

  private boolean isOurs(DatagramPacket packet) {
    return packet.sender().getAddress().equals(here.getAddress());
  }
}
