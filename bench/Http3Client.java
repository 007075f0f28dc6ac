import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.EpollQuicUtils;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicChannelOption;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamLimitChangedEvent;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Closed-loop load over HTTP/3, as a process of its own that {@link Http3Load} starts and tells
 * what to do: each stream that ends well makes room for the next request. A request is bytes made
 * beforehand; of each answer status, every byte of the body, and the end are looked at.
 */
final class Http3Client {
  private static final String NAME = "bench.example";
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();
  private static final long CONNECTION_WINDOW = 64 << 20;
  private static final long STREAM_WINDOW = 4 << 20;
  private static final int CONTROL_WINDOW = 64 << 10;
  private static final int SEGMENTS = 16;
  private static final int NO_ERROR = 0x100;
  private static final int DATA = 0;
  private static final int HEADERS = 1;

  /** {@code :status: 200} of the static table (RFC 9204, A), behind a prefix of two zeros. */
  private static final int STATUS_200 = 0xd9;

  private static final int PREFIX = 2;

  private final EventLoop loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()).next();
  private final QuicSslContext tls;
  private ByteBuf expected = Unpooled.EMPTY_BUFFER;

  // Of the run; touched by the loop only.
  private byte[] request = {};
  private long answered;
  private boolean over = true;
  private String problem = "";

  private Http3Client() {
    tls =
        QuicSslContextBuilder.forClient()
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .applicationProtocols("h3")
            .build();
  }

  /** Takes a line for each run from that port, and answers it with one. */
  public static void main(String[] args) throws Exception {
    Http3Client client = new Http3Client();
    try (Socket driver = new Socket(HERE, Integer.parseInt(args[0]));
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(driver.getInputStream(), StandardCharsets.US_ASCII));
        PrintStream out =
            new PrintStream(driver.getOutputStream(), true, StandardCharsets.US_ASCII)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(client.run(line.split(" ")));
      }
    }
    System.exit(0);
  }

  /**
   * @param what port, connections, streams of each, path, bytes of an answer, what they all are,
   *     seconds
   * @return answers, nanoseconds, what went wrong
   */
  private String run(String[] what) throws Exception {
    int port = Integer.parseInt(what[0]);
    int streams = Integer.parseInt(what[2]);
    byte[] head = head("127.0.0.1:" + port, what[3]);
    ByteBuf body = Unpooled.directBuffer();
    body.writeBytes(filled(Integer.parseInt(what[4]), Byte.parseByte(what[5])));
    List<Channel> sockets = new ArrayList<>();
    List<Connection> opened = new ArrayList<>();
    try {
      for (int i = 0; i < Integer.parseInt(what[1]); i++) {
        Channel socket = socket(port);
        sockets.add(socket);
        opened.add(connect(socket, port));
      }
      long start = System.nanoTime();
      loop.submit(() -> begin(opened, streams, head, body)).get(5, TimeUnit.SECONDS);
      TimeUnit.SECONDS.sleep(Integer.parseInt(what[6]));
      return loop.submit(() -> end(opened, start)).get(5, TimeUnit.SECONDS);
    } catch (IOException | ExecutionException | TimeoutException e) {
      return "0 1 " + e;
    } finally {
      for (Connection each : opened) {
        each.channel.close(true, NO_ERROR, Unpooled.EMPTY_BUFFER).await(1, TimeUnit.SECONDS);
      }
      for (Channel each : sockets) {
        each.close().await(1, TimeUnit.SECONDS);
      }
    }
  }

  private static byte[] filled(int length, byte filler) {
    byte[] all = new byte[length];
    Arrays.fill(all, filler);
    return all;
  }

  private void begin(List<Connection> opened, int streams, byte[] head, ByteBuf body) {
    request = head;
    expected.release();
    expected = body;
    answered = 0;
    problem = "";
    over = false;
    for (Connection each : opened) {
      each.toBegin = streams;
      each.begin();
    }
  }

  private String end(List<Connection> opened, long start) {
    long nanos = System.nanoTime() - start;
    over = true;
    for (Connection each : opened) {
      if (!each.channel.isActive()) {
        failed("a connection has ended");
      }
    }
    return answered + " " + nanos + " " + problem;
  }

  private void failed(String why) {
    if (!over && problem.isEmpty()) {
      problem = why;
    }
  }

  /** A frame of a head, by the static table and literals without Huffman. */
  private static byte[] head(String host, String path) {
    ByteBuf head = Unpooled.buffer();
    head.writeShort(0); // nothing of the dynamic table
    head.writeByte(0xc0 | 17); // :method: GET
    head.writeByte(0xc0 | 23); // :scheme: https
    literal(head, 0, host); // :authority
    literal(head, 1, path); // :path
    ByteBuf frame = Unpooled.buffer();
    frame.writeByte(HEADERS).writeByte(head.readableBytes()).writeBytes(head);
    return ByteBufUtil.getBytes(frame);
  }

  /** With a name of the static table; the value is shorter than 64 bytes. */
  private static void literal(ByteBuf out, int name, String value) {
    out.writeByte(0x50 | name).writeByte(value.length());
    out.writeCharSequence(value, StandardCharsets.US_ASCII);
  }

  // --- connections ---------------------------------------------------------------------------

  private Channel socket(int port) throws Exception {
    ChannelHandler codec =
        new QuicClientCodecBuilder()
            .sslEngineProvider(channel -> tls.newEngine(channel.alloc(), NAME, port))
            .maxIdleTimeout(30, TimeUnit.SECONDS)
            .initialMaxData(CONNECTION_WINDOW)
            .initialMaxStreamDataBidirectionalLocal(STREAM_WINDOW)
            .initialMaxStreamDataUnidirectional(CONTROL_WINDOW)
            .initialMaxStreamsUnidirectional(8)
            .build();
    return new Bootstrap()
        .group(loop)
        .channel(EpollDatagramChannel.class)
        .handler(codec)
        .bind(new InetSocketAddress(HERE, 0))
        .sync()
        .channel();
  }

  private Connection connect(Channel socket, int port) throws Exception {
    Connection connection = new Connection();
    connection.channel =
        QuicChannel.newBootstrap(socket)
            .handler(connection)
            .option(
                QuicChannelOption.SEGMENTED_DATAGRAM_PACKET_ALLOCATOR,
                EpollQuicUtils.newSegmentedAllocator(SEGMENTS))
            .remoteAddress(new InetSocketAddress(HERE, port))
            .connect()
            .get(5, TimeUnit.SECONDS);
    return connection;
  }

  /** One of the clients. */
  private final class Connection extends ChannelInboundHandlerAdapter {
    private QuicChannel channel;

    /** Requests that have no stream yet. */
    private int toBegin;

    /** A stream of control, with settings that are the usual ones. */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      channel = (QuicChannel) ctx.channel();
      Object _ =
          channel
              .createStream(QuicStreamType.UNIDIRECTIONAL, new ChannelInboundHandlerAdapter())
              .addListener(made ->
                  ((Channel) made.getNow())
                      .writeAndFlush(Unpooled.wrappedBuffer(new byte[] {0, 4, 0})));
      ctx.fireChannelActive();
    }

    /** The other end counts streams; what it does not take yet waits for it. */
    private void begin() {
      while (toBegin > 0 && channel.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL) > 0) {
        toBegin--;
        Object _ = channel.createStream(QuicStreamType.BIDIRECTIONAL, new Exchange(this));
      }
    }

    private void next() {
      if (!over) {
        toBegin++;
        begin();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof QuicStreamLimitChangedEvent && !over) {
        begin();
      }
      ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      failed(cause.toString());
    }
  }

  // --- requests ------------------------------------------------------------------------------

  /** A request and its answer. */
  private final class Exchange extends ChannelInboundHandlerAdapter {
    private final Connection connection;

    /** Bytes of an integer that are still to come, and what came of it. */
    private int missing;

    private long number;
    private long type = -1;

    /** Of the frame whose type and length are known; -1: they are not. */
    private long left = -1;

    private int ofHead;
    private boolean head;
    private int got;
    private boolean done;

    Exchange(Connection connection) {
      this.connection = connection;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(
          new DefaultQuicStreamFrame(ctx.alloc().directBuffer().writeBytes(request), true));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf in = (ByteBuf) message;
      try {
        while (in.isReadable() || left == 0) {
          take(in);
        }
      } finally {
        in.release();
      }
    }

    private void take(ByteBuf in) {
      if (left == 0) {
        left = -1;
        type = -1;
        head |= ofHead > 0;
      } else if (left < 0) {
        frame(in.readByte());
      } else {
        int count = (int) Math.min(left, in.readableBytes());
        left -= count;
        if (type == HEADERS && !head) {
          if (ofHead <= PREFIX
              && ofHead + count > PREFIX
              && in.getUnsignedByte(in.readerIndex() + PREFIX - ofHead) != STATUS_200) {
            failed("an answer that is not 200");
          }
          ofHead += count;
        } else if (type == DATA) {
          body(in, count);
        }
        in.skipBytes(count);
      }
    }

    private void body(ByteBuf in, int count) {
      int length = expected.readableBytes();
      if (!head) {
        failed("a body without a head");
      } else if (got + count > length
          || !ByteBufUtil.equals(in, in.readerIndex(), expected, got, count)) {
        failed("wrong body");
      }
      got += count;
    }

    /** Takes a byte of a type and a length (RFC 9000, 16). */
    private void frame(byte next) {
      if (missing == 0) {
        missing = 1 << ((next & 0xff) >> 6);
        number = next & 0x3f;
      } else {
        number = number << 8 | next & 0xff;
      }
      if (--missing > 0) {
        return;
      }
      if (type < 0) {
        type = number;
      } else {
        left = number;
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event != ChannelInputShutdownReadComplete.INSTANCE) {
        return;
      }
      done = true;
      if (!head || left >= 0 || got != expected.readableBytes()) {
        failed("an answer that ends too soon");
      } else if (!over) {
        answered++;
      }
      ctx.close();
      connection.next();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (!done) {
        failed("a request without an answer");
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      failed(cause.toString());
      ctx.close();
    }
  }
}
