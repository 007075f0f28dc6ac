package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.ListenerCounter;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/3 with clients, as another library's client sees it. */
@Timeout(60)
final class Http3Test {
  @TempDir Path folder;
  private TestCertificates certificates;
  private TestNode node;
  private @Nullable Fairlead running;
  private int port;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    node = Loopback.node("a");
    certificates.make("first", "first.test", "127.0.0.1", "shop.test");
  }

  @AfterEach
  void stop() {
    System.err.println("DBG stop " + System.nanoTime() / 1000000);
    Fairlead last = running;
    if (last != null) {
      last.close();
    }
    System.err.println("DBG stopped " + System.nanoTime() / 1000000);
    node.close();
  }

  private void start(String tls, String listener, int nodePort) throws IOException {
    running =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            runtime: { event-loops: 2 }
            listeners:
              web:
                bind: "127.0.0.1:0"
                tls: { certificates: [ { cert: "%1$s/first.pem", key: "%1$s/first.key" } ] %2$s }
                http3: { max-age: 60s }
                %3$s
                routes: [ { service: shop } ]
            services:
              shop: { nodes: ["127.0.0.1:%4$d"], health: none }
            """
                .formatted(folder, tls, listener, nodePort));
    port = Loopback.port(fairlead(), "web");
  }

  private Fairlead fairlead() {
    Fairlead present = running;
    if (present == null) {
      throw new AssertionError("not started");
    }
    return present;
  }

  private Http3Peer peer() throws Exception {
    return new Http3Peer(port, certificates.ca());
  }

  private long counted(ListenerCounter what) {
    return Loopback.listener(fairlead(), "web").state().counters().get(what);
  }

  @Test
  void aRequestIsAnswered() throws Exception {
    start("", "", node.port());
    try (Http3Peer peer = peer()) {
      Http3Peer.Answer answer = peer.get("/").await();
      assertThat(answer.status).isEqualTo("200");
      assertThat(answer.body()).contains("hello from a");
      assertThat(answer.fields.get("via")).isEqualTo("1.1 fairlead");
      assertThat(answer.fields).doesNotContainKey("alt-svc");
    System.err.println("DBG done " + System.nanoTime() / 1000000);
    }
  }
}
