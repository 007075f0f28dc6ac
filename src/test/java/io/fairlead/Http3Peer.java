package io.fairlead;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3GoAwayFrame;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A client of HTTP/3, of another make than the server. */
final class Http3Peer implements AutoCloseable {
  static final MultiThreadIoEventLoopGroup GROUP =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  /** Of the largest datagrams that most clients send. */
  private static final int DATAGRAM_BYTES = 1350;

  /** What came of a request. */
  static final class Answer {
    final List<String> informational = new ArrayList<>();
    final Map<String, String> fields = new LinkedHashMap<>();
    final Map<String, String> trailers = new LinkedHashMap<>();
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    final CompletableFuture<Answer> head = new CompletableFuture<>();
    final CompletableFuture<Answer> whole = new CompletableFuture<>();
    volatile @Nullable QuicStreamChannel stream;
    volatile @Nullable ChannelFuture written;
    String status = "";
    long resetBy = -1;

    String body() {
      return bytes.toString(StandardCharsets.UTF_8);
    }

    Answer await() throws Exception {
      return await(20);
    }

    Answer await(long seconds) throws Exception {
      return whole.get(seconds, TimeUnit.SECONDS);
    }
  }

  private final Channel socket;
  final QuicChannel connection;
  final CompletableFuture<Long> goAway = new CompletableFuture<>();
  final CompletableFuture<Integer> closeCode = new CompletableFuture<>();

  Http3Peer(int port, Path ca) throws Exception {
    this(port, ca, "shop.test", builder -> builder);
  }

  Http3Peer(int port, Path ca, String name, UnaryOperator<QuicSslContextBuilder> tls)
      throws Exception {
    this(port, name, tls.apply(trusting(ca)).build());
  }

  /** With what other connections have learnt. */
  Http3Peer(int port, String name, QuicSslContext context) throws Exception {
    this(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        name,
        context,
        10,
        true,
        DATAGRAM_BYTES);
  }

  /** A connection without the streams that HTTP/3 begins with: they are the caller's. */
  static Http3Peer silent(int port, Path ca) throws Exception {
    return new Http3Peer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        "shop.test",
        trusting(ca).build(),
        10,
        false,
        DATAGRAM_BYTES);
  }

  /** From one address to another; where much is lost the handshake takes its time. */
  Http3Peer(InetSocketAddress from, InetSocketAddress to, Path ca, long seconds) throws Exception {
    this(from, to, ca, seconds, DATAGRAM_BYTES);
  }

  /**
   * The same.
   *
   * @param bytes of the largest datagrams that it sends
   */
  Http3Peer(InetSocketAddress from, InetSocketAddress to, Path ca, long seconds, int bytes)
      throws Exception {
    this(from, to, "shop.test", trusting(ca).build(), seconds, true, bytes);
  }

  private static QuicSslContextBuilder trusting(Path ca) {
    return QuicSslContextBuilder.forClient()
        .trustManager(ca.toFile())
        .applicationProtocols(Http3.supportedApplicationProtocols());
  }

  private Http3Peer(
      InetSocketAddress from,
      InetSocketAddress to,
      String name,
      QuicSslContext context,
      long seconds,
      boolean speaks,
      int bytes)
      throws Exception {
    ChannelHandler codec =
        Http3.newQuicClientCodecBuilder()
            .sslEngineProvider(channel -> context.newEngine(channel.alloc(), name, to.getPort()))
            .maxIdleTimeout(60, TimeUnit.SECONDS)
            .maxSendUdpPayloadSize(bytes)
            .initialMaxData(10_000_000)
            .initialMaxStreamDataBidirectionalLocal(1_000_000)
            .activeMigration(true)
            .activeConnectionIdLimit(8)
            .build();
    socket =
        new Bootstrap()
            .group(GROUP)
            .channel(NioDatagramChannel.class)
            .handler(codec)
            .bind(from)
            .sync()
            .channel();
    try {
      connection =
          QuicChannel.newBootstrap(socket)
              .handler(
                  new ChannelInboundHandlerAdapter() {
                    @Override
                    public void handlerAdded(ChannelHandlerContext ctx) {
                      if (speaks) {
                        ctx.pipeline()
                            .addFirst(
                                new Http3ClientConnectionHandler(
                                    new Control(), null, null, null, true));
                      }
                    }

                    @Override
                    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                      if (event instanceof QuicConnectionCloseEvent closed) {
                        closeCode.complete(closed.error());
                      }
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                      closeCode.complete(-1);
                      goAway.complete(-1L);
                    }
                  })
              .remoteAddress(to)
              .connect()
              .get(seconds, TimeUnit.SECONDS);
    } catch (Exception e) {
      socket.close();
      throw e;
    }
  }

  private final class Control extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http3GoAwayFrame frame) {
        goAway.complete(frame.id());
      }
      ReferenceCountUtil.release(message);
    }
  }

  /** A head that is written and not ended. */
  Answer begin(String method, String path, String... fields) throws Exception {
    DefaultHttp3HeadersFrame frame = new DefaultHttp3HeadersFrame();
    Http3Headers head = frame.headers();
    head.method(method).path(path).scheme("https").authority("shop.test");
    for (int i = 0; i < fields.length; i += 2) {
      head.add(fields[i], fields[i + 1]);
    }
    return begin(frame);
  }

  Answer begin(DefaultHttp3HeadersFrame frame) throws Exception {
    Answer answer = new Answer();
    QuicStreamChannel stream =
        Http3.newRequestStream(connection, new Reader(answer)).get(10, TimeUnit.SECONDS);
    answer.stream = stream;
    answer.written = stream.writeAndFlush(frame);
    return answer;
  }

  /**
   * Begins so many requests at once and takes them back; for some there may be no room.
   *
   * @param millis after that; 0: before anything of it is sent
   */
  void takeBack(int count, long millis) throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(count);
    connection.eventLoop().execute(() -> takeBack(count, millis, asked));
    boolean _ = asked.await(1, TimeUnit.SECONDS);
  }

  /**
   * One after the other, while there is room. The library (4.2.18) gives a number to a stream for
   * which there is none, too: to the server all those are open that have lower numbers than the
   * next (RFC 9000, 3.2), and their places are gone.
   */
  private void takeBack(int count, long millis, CountDownLatch asked) {
    if (count == 0) {
      return;
    }
    if (connection.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL) <= 0) {
      Object _ =
          connection
              .eventLoop()
              .schedule(
                  () -> {
                    for (int i = 0; i < count; i++) {
                      asked.countDown();
                    }
                  },
                  Math.max(millis, 1),
                  TimeUnit.MILLISECONDS);
      return;
    }
    Http3.newRequestStream(connection, new Reader(new Answer()))
        .addListener(made -> {
          if (made.getNow() instanceof QuicStreamChannel stream) {
            takeBack(stream, millis, asked);
          } else {
            asked.countDown();
          }
          takeBack(count - 1, millis, asked);
        });
  }

  private static void takeBack(QuicStreamChannel stream, long millis, CountDownLatch asked) {
    Runnable back =
        () -> {
          ChannelFuture _ = stream.shutdown(0x10c);
          asked.countDown();
        };
    DefaultHttp3HeadersFrame frame = new DefaultHttp3HeadersFrame();
    frame.headers().method("POST").path("/a").scheme("https").authority("shop.test");
    if (millis > 0) {
      Object _ = stream.writeAndFlush(frame);
      Object _ = stream.eventLoop().schedule(back, millis, TimeUnit.MILLISECONDS);
    } else {
      Object _ = stream.writeAndFlush(frame).addListener(_ -> back.run());
    }
  }

  static void send(Answer to, byte[] data) {
    to.written = stream(to).writeAndFlush(new DefaultHttp3DataFrame(Unpooled.wrappedBuffer(data)));
  }

  /** The library's own end would overtake what waits to be sent. */
  static void end(Answer to) {
    ChannelFuture last = to.written;
    if (last == null) {
      throw new AssertionError("nothing has been written");
    }
    last.addListener(_ -> stream(to).shutdownOutput());
  }

  /** With a last frame of no data, as most clients have it: the end does not come alone. */
  static void endInFrame(Answer to) {
    ChannelFuture last = to.written;
    if (last == null) {
      throw new AssertionError("nothing has been written");
    }
    ByteBuf frame = Unpooled.directBuffer().writeZero(2);
    last.addListener(_ ->
        stream(to)
            .pipeline()
            .firstContext() // below the codec of frames
            .writeAndFlush(new DefaultQuicStreamFrame(frame, true)));
  }

  static QuicStreamChannel stream(Answer of) {
    QuicStreamChannel stream = of.stream;
    if (stream == null) {
      throw new AssertionError("no stream");
    }
    return stream;
  }

  Answer get(String path, String... fields) throws Exception {
    Answer answer = begin("GET", path, fields);
    end(answer);
    return answer;
  }

  Answer post(String path, byte[] body, String... fields) throws Exception {
    Answer answer = begin("POST", path, fields);
    send(answer, body);
    end(answer);
    return answer;
  }

  private static final class Reader extends ChannelInboundHandlerAdapter {
    private final Answer answer;
    private boolean final_;

    Reader(Answer answer) {
      this.answer = answer;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http3HeadersFrame frame) {
        CharSequence status = frame.headers().status();
        if (status != null && status.charAt(0) == '1') {
          answer.informational.add(status.toString());
        } else {
          Map<String, String> into = final_ ? answer.trailers : answer.fields;
          frame
              .headers()
              .forEach(e ->
                  into.merge(
                      e.getKey().toString(), e.getValue().toString(), (a, b) -> a + "|" + b));
          if (!final_ && status != null) {
            answer.status = status.toString();
            answer.head.complete(answer);
          }
          final_ = true;
        }
      } else if (message instanceof Http3DataFrame frame) {
        ByteBuf data = frame.content();
        byte[] bytes = new byte[data.readableBytes()];
        data.readBytes(bytes);
        answer.bytes.writeBytes(bytes);
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ChannelInputShutdownReadComplete.INSTANCE) {
        answer.whole.complete(answer);
        ctx.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (cause instanceof QuicStreamResetException reset) {
        answer.resetBy = reset.applicationProtocolCode();
      }
      answer.head.completeExceptionally(cause);
      answer.whole.completeExceptionally(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      answer.head.completeExceptionally(new IllegalStateException("closed"));
      answer.whole.completeExceptionally(new IllegalStateException("closed"));
    }
  }

  SocketAddress local() {
    return socket.localAddress();
  }

  @Override
  public void close() {
    connection.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
    socket.close().awaitUninterruptibly(2, TimeUnit.SECONDS);
  }
}
