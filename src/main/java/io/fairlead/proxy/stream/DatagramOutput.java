package io.fairlead.proxy.stream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What is sent by one socket for datagrams. While nothing is queued before it a datagram goes to
 * the kernel at once, from the buffer it was read into: what is read next finds that buffer free.
 * The transport's queue is for what the kernel does not take.
 */
final class DatagramOutput {
  private final Channel channel;
  private final @Nullable Socket socket;
  private boolean queued;

  DatagramOutput(Channel channel) {
    this.channel = channel;
    this.socket = channel instanceof EpollDatagramChannel epoll ? (Socket) epoll.fd() : null;
  }

  /**
   * Sends a datagram, or queues it until {@link #flush}; the content stays the caller's.
   *
   * @param to null: whom the socket is connected to
   */
  void send(ByteBuf content, @Nullable InetSocketAddress to) {
    if (!isSentDirectly(content, to)) {
      queued = true;
      content.retain();
      channel.write(to == null ? content : new DatagramPacket(content, to), channel.voidPromise());
    }
  }

  void flush() {
    if (queued) {
      queued = false;
      channel.flush();
    }
  }

  private boolean isSentDirectly(ByteBuf content, @Nullable InetSocketAddress to) {
    Socket direct = socket;
    // A closed channel's file descriptor may already be another socket's.
    if (direct == null
        || !channel.isActive()
        || !content.hasMemoryAddress()
        || !content.isReadable()) {
      return false;
    }
    ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
    if (queue == null || !queue.isEmpty()) {
      return false;
    }
    long memory = content.memoryAddress();
    int from = content.readerIndex();
    int end = content.writerIndex();
    try {
      int sent =
          to == null
              ? direct.sendAddress(memory, from, end)
              : direct.sendToAddress(memory, from, end, to.getAddress(), to.getPort());
      return sent > 0;
    } catch (IOException e) { // it is lost; whoever listens to the channel knows what that means
      channel.pipeline().fireExceptionCaught(e);
      return true;
    }
  }
}
