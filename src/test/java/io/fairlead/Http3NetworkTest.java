package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/3 over bad networks, and what comes that is not HTTP/3. */
@Timeout(120)
final class Http3NetworkTest {
  /** Who says what nobody expected. */
  static final List<String> LOGS =
      List.of("io.fairlead.proxy.http.Failures", "io.netty.channel.DefaultChannelPipeline");

  private static final int CONNECTIONS = 60;
  private static final int STREAMS = 30;

  /** GET / of a host, by the static table and with literals. */
  private static final List<String> HEADS =
      List.of(
          "010d 0000 d1 d7 50 08 73686f702e746573",
          "0110 0000 d1 d7 c1 50 09 73686f702e74657374 c1",
          "0114 0000 d4 d7 c1 50 09 73686f702e74657374 54 01 35 c1",
          "0001 61",
          "04 00",
          "00 04 00 07 01 00", // a stream one way: of control
          "00 04 02 06 05",
          "02 3f e1 1f", // of the table of fields
          "21 02 6161");

  @TempDir Path folder;

  private final long seed = new Random().nextLong();
  private final ConcurrentLinkedQueue<LogRecord> mistakes = new ConcurrentLinkedQueue<>();
  private final Handler listening =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          mistakes.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private TestCertificates certificates;
  private TestNode node;
  private Fairlead fairlead;
  private int port;

  @BeforeEach
  void start() throws IOException {
    certificates = new TestCertificates(folder);
    certificates.make("first", "first.test", "127.0.0.1", "shop.test");
    node = Loopback.node("a");
    fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            runtime: { event-loops: 2 }
            listeners:
              web:
                bind: "127.0.0.1:0"
                tls: { certificates: [ { cert: "%1$s/first.pem", key: "%1$s/first.key" } ] }
                http3: {}
                limits: { idle-timeout: 10s } # should a client's farewell get lost
                routes: [ { service: shop } ]
            services:
              shop: { nodes: ["127.0.0.1:%2$d"], health: none }
            """
                .formatted(folder, node.port()));
    port = Loopback.port(fairlead, "web");
    LOGS.forEach(each -> Logger.getLogger(each).addHandler(listening));
  }

  @AfterEach
  void stop() {
    LOGS.forEach(each -> Logger.getLogger(each).removeHandler(listening));
    fairlead.close();
    node.close();
  }

  @Test
  void lossReorderingAndChangedBitsDoNoHarm() throws Exception {
    BadNetwork.Faults faults = new BadNetwork.Faults(30, 20, 10, 200);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] letters = new byte[60_000];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (byte) random.nextInt('a', 'z' + 1);
    }
    try (BadNetwork network = new BadNetwork(port, faults, seed)) {
      exchange(network, letters);
      leavesNothing(); // while it still takes what the client has said last
    }
  }

  private void exchange(BadNetwork network, byte[] letters) throws Exception {
    String text = new String(letters, UTF_8);
    try (Http3Peer peer = new Http3Peer(network.port(), certificates.ca())) {
      List<Http3Peer.Answer> posts = new ArrayList<>();
      List<Http3Peer.Answer> gets = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        posts.add(peer.post("/echo", letters));
        gets.add(peer.get("/bytes/" + 50_000 * i));
      }
      for (int i = 0; i < 10; i++) {
        assertThat(posts.get(i).await().body()).as("seed %d", seed).contains(text);
        byte[] got = gets.get(i).await().bytes.toByteArray();
        byte[] wanted = new byte[50_000 * i];
        for (int at = 0; at < wanted.length; at++) {
          wanted[at] = (byte) ('!' + at % 89); // the test node's pattern
        }
        assertThat(got).as("seed %d", seed).isEqualTo(wanted);
      }
      assertThat(network.lost.get()).isPositive();
      assertThat(network.late.get()).isPositive();
    }
  }

  /** On streams of connections that are well, in both kinds of streams. */
  @Test
  void whateverComesInStreamsTheOthersAreServed() throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (Http3Peer good = new Http3Peer(port, certificates.ca())) {
      for (int i = 0; i < CONNECTIONS; i++) {
        try (Http3Peer bad =
            i % 2 == 0
                ? new Http3Peer(port, certificates.ca())
                : Http3Peer.silent(port, certificates.ca())) {
          for (int j = 0; j < STREAMS && bad.connection.isActive(); j++) {
            garble(bad, random);
          }
        }
        assertThat(good.get("/").await().status).as("seed %d, %d", seed, i).isEqualTo("200");
      }
    }
    leavesNothing();
  }

  private static void garble(Http3Peer bad, SplittableRandom random) throws Exception {
    QuicStreamType type =
        random.nextInt(5) == 0 ? QuicStreamType.UNIDIRECTIONAL : QuicStreamType.BIDIRECTIONAL;
    QuicStreamChannel stream;
    try {
      stream = bad.connection.createStream(type, new Ignoring()).get(10, TimeUnit.SECONDS);
    } catch (ExecutionException _) {
      return; // too many, or we have closed the connection meanwhile
    }
    for (int piece = random.nextInt(1, 4); piece > 0; piece--) {
      byte[] bytes =
          HexFormat.of().parseHex(HEADS.get(random.nextInt(HEADS.size())).replace(" ", ""));
      for (int change = random.nextInt(4); change > 0; change--) {
        switch (random.nextInt(3)) {
          case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
          case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
          default -> bytes = Arrays.copyOf(bytes, random.nextInt(1, bytes.length + 1));
        }
      }
      ByteBuf data = Unpooled.wrappedBuffer(bytes);
      Object _ = stream.writeAndFlush(data).await(100, TimeUnit.MILLISECONDS);
    }
    switch (random.nextInt(4)) {
      case 0 -> {
        Object _ = stream.shutdownOutput(random.nextInt(0x120)).await(100, TimeUnit.MILLISECONDS);
      }
      case 1 -> {
        Object _ = stream.shutdown(random.nextInt(0x120), stream.newPromise());
      }
      default -> {
        Object _ = stream.shutdownOutput().await(100, TimeUnit.MILLISECONDS);
      }
    }
  }

  /** RFC 9114, 4.1, 6.2 and 7; RFC 9204, 2.2 and 4: what is not to be is the connection's end. */
  @Test
  void whatIsNotToBeEndsTheConnection() throws Exception {
    String table =
        """
        00 0400 0700 | one way | 0x106 | GOAWAY of nothing
        00 0400 070140 | one way | 0x106 | of half a number
        00 0400 07020404 | one way | 0x106 | of two
        00 0400 070900 0000000000000000 | one way | 0x106
        00 0400 070104 070108 | one way | 0x108 | it goes up
        00 0400 0300 | one way | 0x106 | CANCEL_PUSH
        00 0400 030100 | one way | 0x108 | of what was never promised
        00 0400 0d00 | one way | 0x106 | MAX_PUSH_ID
        00 0400 0d0109 0d0108 | one way | 0x108 | it goes down
        00 040101 | one way | 0x106 | SETTINGS: one that has no value
        00 04020140 | one way | 0x106
        00 04020200 | one way | 0x109 | one of HTTP/2
        00 040401000100 | one way | 0x109 | one twice
        00 04020802 | one way | 0x109 | neither yes nor no
        00 0480001001 | one way | 0x107 | too many
        00 0700 | one way | 0x10a | no settings first
        00 2100 | one way | 0x10a
        00 0400 0400 | one way | 0x105
        00 0400 0001ff | one way | 0x105 | DATA
        00 0400 0100 | one way | 0x105 | HEADERS
        00 0400 0500 | one way | 0x105 | PUSH_PROMISE
        00 0400 0600 | one way | 0x105 | one of HTTP/2
        01 00 | one way | 0x103 | a stream of pushes
        02 3f e1 1f | one way | 0x201 | a table that we have not promised
        02 c0 00 | one way | 0x201 | something for it
        02 00 | one way | 0x201
        03 80 | one way | 0x202 | what was never put into ours
        03 01 | one way | 0x202
        03 7fffffffffffffffffffff00 | one way | 0x202 | a number without an end
        0100 | both ways | 0x200 | a head without its beginning
        010100 | both ways | 0x200
        01020200 | both ways | 0x200 | that needs a table
        01020080 | both ways | 0x200 | with a base before it
        0103 000051 | both ways | 0x200 | the name of a field, and no value
        0103 000080 | both ways | 0x200 | one of a dynamic table
        0104 0000ff24 | both ways | 0x200 | behind the end of the static one
        0103 000010 | both ways | 0x200 | behind the base
        0105 0000508100 | both ways | 0x200 | not filled up with ones
        0108 0000 5084ffffffff | both ways | 0x200 | the code's end
        0106 0000 5082ffff | both ways | 0x200 | filled up with too many
        0001 61 | both ways | 0x105 | DATA first
        0700 | both ways | 0x105
        0400 | both ways | 0x105
        0500 | both ways | 0x105
        0200 | both ways | 0x105
        0180100000 | both ways | 0x107 | too much of a head
        """;
    for (String row : table.lines().toList()) {
      String[] cells = row.split(" *\\| *", -1);
      try (Http3Peer peer = Http3Peer.silent(port, certificates.ca())) {
        QuicStreamType type =
            cells[1].equals("one way")
                ? QuicStreamType.UNIDIRECTIONAL
                : QuicStreamType.BIDIRECTIONAL;
        Object _ = send(peer, type, cells[0], new Ignoring());
        assertThat(peer.closeCode.get(10, TimeUnit.SECONDS))
            .as(row)
            .isEqualTo(Integer.decode(cells[2]));
      }
    }
    leavesNothing();
  }

  /** RFC 9114, 6.2.1; RFC 9204, 4.2: these are there as long as the connection is. */
  @Test
  void whatMustStayEndsTheConnectionWhenItEnds() throws Exception {
    for (String hex : List.of("00 0400", "02", "02 20", "03")) {
      for (boolean broken : List.of(false, true)) {
        try (Http3Peer peer = Http3Peer.silent(port, certificates.ca())) {
          QuicStreamChannel stream = send(peer, QuicStreamType.UNIDIRECTIONAL, hex, new Ignoring());
          Object _ = broken ? stream.shutdownOutput(0x10c) : stream.shutdownOutput();
          assertThat(peer.closeCode.get(10, TimeUnit.SECONDS))
              .as("%s %s", hex, broken)
              .isEqualTo(0x104);
        }
      }
    }
    leavesNothing();
  }

  /** RFC 9114, 9; RFC 9204, 4.4: what others may have is no mistake. */
  @Test
  void whatIsNotKnownIsLeftOut() throws Exception {
    CompletableFuture<Integer> answered = new CompletableFuture<>();
    try (Http3Peer peer = Http3Peer.silent(port, certificates.ca())) {
      QuicStreamType oneWay = QuicStreamType.UNIDIRECTIONAL;
      Object _ = send(peer, oneWay, "00 0406 0100 0700 2101", new Ignoring()); // and settings
      Object _ = send(peer, oneWay, "02 20", new Ignoring()); // a table for nothing
      Object _ = send(peer, oneWay, "03 44 7f8a01 40", new Ignoring()); // streams given up
      Object _ = send(peer, oneWay, "21 616263", new Ignoring());
      Object _ = send(peer, oneWay, "4054 00", new Ignoring());
      QuicStreamChannel control =
          send(peer, oneWay, "4040", new Ignoring()); // a type in more bytes than it needs
      Object _ = control.shutdownOutput().await(1000);
      QuicStreamChannel request =
          send(
              peer,
              QuicStreamType.BIDIRECTIONAL,
              "2100 800f0700 03616263" // a frame of nothing, and one of priorities
                  + "0110 0000 d1 d7 c1 50 09 73686f702e74657374"
                  + "4021 02 6161",
              new Ignoring() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                  answered.complete((int) ((ByteBuf) message).getByte(0));
                  ReferenceCountUtil.release(message);
                }
              });
      Object _ = request.shutdownOutput();
      assertThat(answered.get(10, TimeUnit.SECONDS)).isEqualTo(1); // HEADERS
      assertThat(peer.closeCode).isNotDone();
    }
    leavesNothing();
  }

  private static QuicStreamChannel send(
      Http3Peer peer, QuicStreamType type, String hex, Ignoring handler) throws Exception {
    QuicStreamChannel stream =
        peer.connection.createStream(type, handler).get(10, TimeUnit.SECONDS);
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    Object _ = stream.writeAndFlush(Unpooled.wrappedBuffer(bytes)).await(1000);
    return stream;
  }

  /** Nobody answers for it. */
  @Sharable
  private static class Ignoring extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // What we have broken is not ours to complain of.
    }
  }

  @Test
  void datagramsOfGarbageChangeNothing() throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    try (Http3Peer good = new Http3Peer(port, certificates.ca());
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < 20_000; i++) {
        byte[] bytes = new byte[random.nextInt(1, 1400)];
        random.nextBytes(bytes);
        if (random.nextBoolean()) { // like the first of a connection, of version 1
          bytes[0] = (byte) (0xC0 | random.nextInt(16));
          for (int at = 1; at < Math.min(5, bytes.length); at++) {
            bytes[at] = (byte) (at == 4 ? 1 : 0);
          }
        }
        socket.send(
            new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
        if (i % 2000 == 0) {
          assertThat(good.get("/").await().status).as("seed %d, %d", seed, i).isEqualTo("200");
        }
      }
    }
    leavesNothing();
  }

  private void leavesNothing() throws Exception {
    Loopback.await("no exchange, seed " + seed, () -> fairlead.dataPlane().exchangesInUse() == 0);
    Loopback.await(
        "no connection, seed " + seed,
        () -> Loopback.listener(fairlead, "web").state().connections() == 0);
    assertThat(mistakes).as("seed %d", seed).extracting(LogRecord::getThrown).isEmpty();
  }
}
