package io.fairlead.takeover;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A connection between two processes as a conversation: whoever calls waits for what the other one
 * says. The event loop only moves bytes and descriptors.
 *
 * <p>Bounds: one message waits at a time besides descriptors, a message has a length that the
 * caller names, {@value #MAX_DESCRIPTORS} descriptors.
 */
final class Wire extends ChannelInboundHandlerAdapter implements AutoCloseable {
  /** Sockets that one process may hand over; far more than anybody has listeners. */
  static final int MAX_DESCRIPTORS = 4096;

  private static final int LENGTH_BYTES = 4;

  /** What came in; of the loop. */
  private sealed interface Item {
    record Frame(Message message) implements Item {}

    record Broken(IOException why) implements Item {}

    record Descriptor(int number) implements Item {}

    record End(String why) implements Item {}
  }

  private final EpollDomainSocketChannel channel;
  private final int maxFrame;
  private final LinkedBlockingQueue<Item> inbox = new LinkedBlockingQueue<>();
  private final ByteArrayOutputStream partial = new ByteArrayOutputStream();

  /** Of the message that is coming; -1 while its length is. */
  private int length = -1;

  /**
   * @param maxFrame the longest message that is taken, in bytes
   */
  Wire(EpollDomainSocketChannel channel, int maxFrame) {
    this.channel = channel;
    this.maxFrame = maxFrame;
    channel.pipeline().addLast(this);
  }

  EpollDomainSocketChannel channel() {
    return channel;
  }

  private static Item read(byte[] bytes) {
    try {
      return new Item.Frame(Message.read(bytes));
    } catch (IOException e) {
      return new Item.Broken(e);
    }
  }

  // --- the caller's side -------------------------------------------------------------------

  void send(Message message) throws IOException {
    byte[] bytes = Message.write(message);
    ByteBuf frame = Unpooled.buffer(LENGTH_BYTES + bytes.length);
    frame.writeInt(bytes.length).writeBytes(bytes);
    await(channel.writeAndFlush(frame));
  }

  void sendDescriptors(List<Integer> descriptors) throws IOException {
    for (int descriptor : descriptors) {
      await(channel.writeAndFlush(new FileDescriptor(descriptor)));
    }
  }

  private static void await(io.netty.channel.ChannelFuture written) throws IOException {
    if (!written.awaitUninterruptibly(10, TimeUnit.SECONDS)) {
      throw new IOException("the other process does not read");
    }
    if (!written.isSuccess()) {
      throw new IOException("the other process has gone", written.cause());
    }
  }

  /**
   * The next message.
   *
   * @param deadline as of {@link System#nanoTime}
   * @throws EOFException if the other process has closed
   */
  Message receive(long deadline) throws IOException {
    return switch (next(deadline)) {
      case Item.Frame(Message message) -> message;
      case Item.Broken(IOException why) -> throw why;
      case Item.Descriptor(int number) -> {
        new FileDescriptor(number).close();
        throw new IOException("a descriptor came that nobody asked for");
      }
      case Item.End(String why) -> throw new EOFException(why);
    };
  }

  /** From now on descriptors come, and no bytes; or the other way round. */
  void expectDescriptors(boolean descriptors) throws IOException {
    await(
        channel
            .eventLoop()
            .submit(() ->
                channel
                    .config()
                    .setReadMode(
                        descriptors
                            ? DomainSocketReadMode.FILE_DESCRIPTORS
                            : DomainSocketReadMode.BYTES)));
  }

  private static void await(io.netty.util.concurrent.Future<?> done) throws IOException {
    if (!done.awaitUninterruptibly(10, TimeUnit.SECONDS) || !done.isSuccess()) {
      throw new IOException("the event loop does not answer", done.cause());
    }
  }

  /** That many descriptors; if not all come, none is left open. */
  List<Integer> receiveDescriptors(int count, long deadline) throws IOException {
    List<Integer> received = new ArrayList<>();
    try {
      while (received.size() < count) {
        switch (next(deadline)) {
          case Item.Descriptor(int number) -> received.add(number);
          case Item.Frame _ -> throw new IOException("a message came instead of a descriptor");
          case Item.Broken(IOException why) -> throw why;
          case Item.End(String why) -> throw new EOFException(why);
        }
      }
      return received;
    } catch (IOException e) {
      for (int number : received) {
        new FileDescriptor(number).close();
      }
      throw e;
    }
  }

  private Item next(long deadline) throws IOException {
    try {
      Item item = inbox.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (item == null) {
        throw new IOException("the other process did not answer in time");
      }
      if (item instanceof Item.End) {
        inbox.add(item); // for whoever asks again
      }
      return item;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }

  @Override
  public void close() {
    channel.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
    for (Item item = inbox.poll(); item != null; item = inbox.poll()) {
      if (item instanceof Item.Descriptor(int number)) {
        closeQuietly(number);
      }
    }
  }

  private static void closeQuietly(int descriptor) {
    try {
      new FileDescriptor(descriptor).close();
    } catch (IOException _) {
      // It is closed then.
    }
  }

  // --- the event loop's side ---------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof FileDescriptor descriptor) {
      if (inbox.size() < MAX_DESCRIPTORS) {
        inbox.add(new Item.Descriptor(descriptor.intValue()));
      } else {
        closeQuietly(descriptor.intValue());
        end("more descriptors came than there can be");
      }
      return;
    }
    try {
      if (message instanceof ByteBuf bytes) {
        take(bytes);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void take(ByteBuf in) {
    while (in.isReadable()) {
      int missing = (length < 0 ? LENGTH_BYTES : length) - partial.size();
      byte[] piece = new byte[Math.min(missing, in.readableBytes())];
      in.readBytes(piece);
      partial.writeBytes(piece);
      if (piece.length < missing) {
        return;
      }
      byte[] complete = partial.toByteArray();
      partial.reset();
      if (length >= 0) {
        length = -1;
        inbox.add(read(complete));
        continue;
      }
      length = ByteBuffer.wrap(complete).getInt();
      if (length <= 0 || length > maxFrame || !inbox.isEmpty()) {
        end("what came is not a message of a takeover");
        return;
      }
    }
  }

  private void end(String why) {
    inbox.add(new Item.End(why));
    channel.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end("the other process has closed the connection");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    end("the connection broke: " + cause.getMessage());
  }
}
