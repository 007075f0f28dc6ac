package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** A client with a connection of its own that asks for ordinary things all the time. */
final class Bystander implements AutoCloseable {
  private static final int BODY = 300;

  private final LongAdder served = new LongAdder();
  private final AtomicReference<String> harm = new AtomicReference<>("");
  private final Wire wire;
  private final CompletableFuture<Void> done;
  private volatile boolean enough;

  Bystander(InetSocketAddress proxy) throws IOException {
    wire = Wire.to(proxy);
    done = CompletableFuture.runAsync(this::ask, task -> Thread.ofVirtual().start(task));
  }

  /** Waits until it has been served again, and not harmed. */
  void servedMore() {
    long before = served.sum();
    Await.nothing(() -> {
      String now = harm.get();
      assertThat(now).as("harm to a bystander").isEmpty();
      // Two, as one may have been under way already.
      return served.sum() >= before + 2 ? "" : "a bystander has to wait";
    });
  }

  long served() {
    return served.sum();
  }

  private void ask() {
    try {
      while (!enough) {
        Received answer =
            wire.send("GET /bytes/" + BODY + " HTTP/1.1\r\nHost: bystander\r\n\r\n").response();
        if (answer.status() != 200 || answer.body.length() != BODY) {
          harm.set(answer.toString());
          return;
        }
        served.increment();
      }
    } catch (IOException | StrictReader.Doubt e) {
      harm.set(e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    enough = true;
    done.join();
    wire.close();
    assertThat(harm.get()).as("harm to a bystander").isEmpty();
  }
}
