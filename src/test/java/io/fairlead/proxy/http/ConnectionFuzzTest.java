package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Sends mutated requests to a running proxy, or mutated answers from its node, for {@code
 * fairlead.fuzz.connection-seconds} (15) in all. Every connection must come to an end, ordinary
 * clients must be served meanwhile, and nothing may be left over. The seed plays the bytes again;
 * how connections meet is up to the machine.
 */
final class ConnectionFuzzTest {
  private static final int CLIENTS = 4;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final long seed = Long.getLong("fairlead.fuzz.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);
  private final long seconds = Long.getLong("fairlead.fuzz.connection-seconds", 15);

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
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(seconds * 500);
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
    System.out.println(made.sum() + " connections");
    assertThat(made.sum()).isGreaterThan(10 * seconds);
  }
}
