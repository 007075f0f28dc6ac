package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A client of QUIC takes answers only from the address that it asked: where a machine has several,
 * and a listener is bound to the wildcard, each of them answers for itself.
 */
@Timeout(120)
class Http3AddressTest {
  private static final long PATIENCE = Duration.ofSeconds(30).toNanos();

  @TempDir private Path folder;
  private @Nullable Process process;

  @AfterEach
  void stop() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
    }
  }

  private void start(Namespaces machines, String bind) throws IOException {
    Path file = folder.resolve("a.yaml");
    Files.writeString(
        file,
        """
        data: a-data
        logs: { enabled: false }
        runtime: { event-loops: 2 }
        listeners:
          web:
            bind: "%1$s"
            tls: { certificates: [ { cert: "%2$s/first.pem", key: "%2$s/first.key" } ] }
            http3: {}
            routes: [ { respond: { status: 200, body: "hello" } } ]
        vips:
          front: { address: ["10.77.0.100/24"], interface: eth0 }
          everywhere: { address: ["192.0.2.10", "2001:db8::10"], elect: bgp }
        bgp: { as: 65010, peers: { nobody: { address: "10.77.0.99", as: 65000 } } }
        """
            .formatted(bind, folder));
    process =
        FairleadProcess.start(
            folder.resolve("a.log"),
            machines.command("a", FairleadProcess.command("-c", file.toString())));
  }

  @Test
  void eachAddressAnswersForItself() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    Object _ = certificates.make("first", "first.test", "127.0.0.1", "shop.test");
    try (Namespaces machines = Namespaces.make("a", "client")) {
      String _ = machines.run("a", "ip", "address", "add", "10.77.0.101/24", "dev", "eth0");
      for (String there : List.of("192.0.2.10", "2001:db8::10")) {
        String via = there.contains(":") ? "fd77::1" : "10.77.0.1";
        String _ = machines.run("client", "ip", "route", "add", there, "via", via);
      }
      start(machines, "[::]:8443");
      await(machines, "10.77.0.100");
      await(machines, "192.0.2.10");
      for (String there :
          List.of(
              "10.77.0.1", "10.77.0.101", "10.77.0.100", "192.0.2.10", "fd77::1", "2001:db8::10")) {
        InetSocketAddress server = new InetSocketAddress(there, 8443);
        try (Http3Peer peer =
            machines.inside(
                "client",
                () -> new Http3Peer(new InetSocketAddress(0), server, certificates.ca(), 10))) {
          Http3Peer.Answer answer = peer.get("/").await();
          assertThat(answer.status).as(there).isEqualTo("200");
          assertThat(answer.body()).isEqualTo("hello");
        } catch (java.util.concurrent.ExecutionException
            | java.util.concurrent.TimeoutException e) {
          throw new AssertionError(there + " does not answer\n" + log(), e);
        }
      }
    }
  }

  private void await(Namespaces machines, String address) throws Exception {
    long deadline = System.nanoTime() + PATIENCE;
    while (!machines.has("a", address)) {
      assertThat(System.nanoTime()).as(address + "\n" + log()).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private String log() throws IOException {
    Path log = folder.resolve("a.log");
    return Files.exists(log) ? Files.readString(log) : "";
  }
}
