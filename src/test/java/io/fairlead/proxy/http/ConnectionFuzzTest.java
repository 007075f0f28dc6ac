package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Sends mutated requests to a running proxy, or mutated answers from its node, for {@code
 * fairlead.fuzz.seconds} (8) in all. Every connection must come to an end, ordinary clients must be
 * served meanwhile, and nothing may be left over. The seed plays the bytes again; how connections
 * meet is up to the machine.
 */
final class ConnectionFuzzTest {
  private static final int CLIENTS = 4;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final long seed = Long.getLong("fairlead.fuzz.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final long seconds = Long.getLong("fairlead.fuzz.seconds", 8);

  /** One connection of a client, made with this client's chance. */
  private interface Attack {
    void once(SplittableRandom own) throws IOException;
  }

  @Test
  void whateverClientsSendOthersAreServed() throws Exception {
    TestNode node = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port())));
    List<byte[]> seeds = Seeds.requests();
    try (Bystander bystander = new Bystander(proxy.address())) {
      attack(own -> {
        try (Wire wire = Wire.to(proxy.address())) {
          wire.send(new Mutator(own).mutate(seeds)).finish();
          wire.readToEnd();
        } catch (SocketException _) {
          // refused before it had sent everything
        }
      });
      bystander.servedMore();
    }
  }

  /** Frames of HTTP/2 are read by the connection itself, so they are fed to a running one. */
  @Test
  void whateverClientsSendInFramesOthersAreServed() throws Exception {
    TestNode node = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port())));
    List<byte[]> seeds = frames();
    try (Bystander bystander = new Bystander(proxy.address())) {
      attack(own -> {
        try (Wire wire = Wire.to(proxy.address())) {
          wire.send(Http2.PREFACE);
          wire.send(Http2Wire.frameBytes(Http2.SETTINGS, 0, 0, new byte[0]));
          wire.send(new Mutator(own).mutate(seeds)).finish();
          wire.readToEnd();
        } catch (SocketException _) {
          // refused before it had sent everything
        }
      });
      bystander.servedMore();
    }
    Node member = proxy.service().nodes().all()[0];
    Await.nothing(() -> {
      proxy.dataPlane().closeIdle(member);
      return member.connections() == 0 ? "" : member.connections() + " connections to the node";
    });
  }

  private static List<byte[]> frames() {
    List<byte[]> seeds = new ArrayList<>();
    byte[] get = Http2Wire.literals(Http2Wire.request("GET", "/bytes/100"));
    byte[] post = Http2Wire.literals(Http2Wire.request("POST", "/bytes/100", "content-length: 5"));
    int whole = Http2.END_HEADERS;
    byte[][] frames = {
      Http2Wire.frameBytes(Http2.HEADERS, whole | Http2.END_STREAM, 1, get),
      Http2Wire.frameBytes(Http2.HEADERS, whole, 3, post),
      Http2Wire.frameBytes(Http2.DATA, Http2.END_STREAM, 3, "hello".getBytes(US_ASCII)),
      Http2Wire.frameBytes(Http2.HEADERS, Http2.END_STREAM, 5, Arrays.copyOf(get, 5)),
      Http2Wire.frameBytes(Http2.CONTINUATION, whole, 5, Arrays.copyOfRange(get, 5, get.length)),
      Http2Wire.frameBytes(Http2.SETTINGS, 0, 0, new byte[] {0, 4, 0, 1, 0, 0}),
      Http2Wire.frameBytes(Http2.SETTINGS, Http2.ACK, 0, new byte[0]),
      Http2Wire.frameBytes(Http2.PING, 0, 0, new byte[8]),
      Http2Wire.frameBytes(Http2.WINDOW_UPDATE, 0, 0, new byte[] {0, 0, 1, 0}),
      Http2Wire.frameBytes(Http2.WINDOW_UPDATE, 0, 3, new byte[] {0, 0, 1, 0}),
      Http2Wire.frameBytes(Http2.PRIORITY, 0, 3, new byte[5]),
      Http2Wire.frameBytes(Http2.RST_STREAM, 0, 1, new byte[4]),
      Http2Wire.frameBytes(0x42, 0, 0, new byte[3]),
      Http2Wire.frameBytes(Http2.GOAWAY, 0, 0, new byte[8])
    };
    seeds.addAll(List.of(frames));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      all.writeBytes(frame);
    }
    seeds.add(all.toByteArray());
    return seeds;
  }

  @Test
  void whateverNodesAnswerEveryRequestComesToAnEnd() throws Exception {
    List<byte[]> seeds = Seeds.responses();
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = leftOver.watches(ProxyFixture.start(node.address()));
    SplittableRandom chance = random.split();
    Thread answering = Thread.ofVirtual().start(() -> answer(node, chance, seeds));
    attack(own -> {
      try (Wire wire = Wire.to(proxy.address())) {
        wire.send("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        wire.readToEnd();
      }
    });
    node.close();
    answering.join();
  }

  private static void answer(HandNode node, SplittableRandom chance, List<byte[]> seeds) {
    Mutator mutator = new Mutator(chance);
    while (true) {
      try (Wire wire = node.accept()) {
        Received _ = wire.request();
        wire.send(mutator.mutate(seeds)).finish();
        wire.readToEnd();
      } catch (StrictReader.Doubt e) {
        throw new AssertionError(e);
      } catch (SocketException e) {
        if (node.isClosed()) {
          return;
        }
      } catch (IOException e) {
        // the proxy closed without a request, as for a repetition that was not needed any more
      }
    }
  }

  private void attack(Attack attack) {
    System.out.println("fuzzing connections, seed " + seed);
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(seconds * 333);
    LongAdder made = new LongAdder();
    List<CompletableFuture<Void>> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      SplittableRandom own = random.split();
      clients.add(
          CompletableFuture.runAsync(
              () -> {
                try {
                  while (System.nanoTime() < until) {
                    attack.once(own);
                    made.increment();
                  }
                } catch (IOException e) {
                  throw new AssertionError("seed " + seed, e);
                }
              },
              task -> Thread.ofVirtual().start(task)));
    }
    clients.forEach(CompletableFuture::join);
    System.out.printf(
        "fuzz connections: %d, %.0f a second%n", made.sum(), made.sum() / (seconds * 0.333));
    assertThat(made.sum()).isGreaterThan(5 * seconds);
  }
}
