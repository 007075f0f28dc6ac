package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProbeRunnerTest {
  @Test
  void aNameIsResolvedAndProbed() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Names names = new Names(_ -> new InetAddress[] {InetAddress.getLoopbackAddress()})) {
      Node node = node("node.test", server.getLocalPort());
      assertThat(node.socketAddress()).isNull();
      assertThat(probe(names, node)).isInstanceOf(ProbeResult.Passed.class);
      assertThat(node.socketAddress())
          .isEqualTo(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    }
  }

  @Test
  void aNameThatDoesNotResolveFails() throws Exception {
    try (Names names =
        new Names(name -> {
          throw new UnknownHostException(name);
        })) {
      assertThat(probe(names, node("node.test", 1)))
          .isEqualTo(new ProbeResult.Failed("name does not resolve"));
    }
  }

  @Test
  void aNameServerThatIsSilentKeepsNobodyBeyondHisTime() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    try (Names names =
        new Names(name -> {
          try {
            released.await();
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
          throw new UnknownHostException(name);
        })) {
      assertThat(probe(names, node("node.test", 1)))
          .isEqualTo(new ProbeResult.Failed("name does not resolve"));
      released.countDown();
    }
  }

  @Test
  void anAddressInUseIsKeptWhileTheNameHasIt() throws Exception {
    InetAddress first = InetAddress.ofLiteral("127.0.0.1");
    InetAddress second = InetAddress.ofLiteral("127.0.0.2");
    InetAddress[][] answer = {{first}};
    try (Names names = new Names(_ -> answer[0])) {
      Node node = node("node.test", 80);
      assertThat(resolved(names, node)).isEqualTo(first);
      answer[0] = new InetAddress[] {second, first};
      assertThat(resolved(names, node)).isEqualTo(first);
      answer[0] = new InetAddress[] {second};
      assertThat(resolved(names, node)).isEqualTo(second);
      answer[0] = new InetAddress[0];
      assertThat(resolved(names, node)).as("no answer takes nothing away").isEqualTo(second);
    }
  }

  @Test
  void anAddressWrittenAsOneIsNeverLookedUp() throws Exception {
    try (Names names =
        new Names(name -> {
          throw new AssertionError("looked up " + name);
        })) {
      assertThat(probe(names, node("127.0.0.1", 1)))
          .isEqualTo(new ProbeResult.Failed("connection refused"));
      assertThat(node("::1", 1).isNamed()).isFalse();
    }
  }

  private static @Nullable InetAddress resolved(Names names, Node node) throws Exception {
    InetSocketAddress address = names.resolve(node, Deadline.after(Duration.ofSeconds(5)));
    return address == null ? null : address.getAddress();
  }

  private static ProbeResult probe(Names names, Node node) throws Exception {
    CompletableFuture<ProbeResult> result = new CompletableFuture<>();
    new ProbeRunner(names).probe(node, HealthCheckConfig.DEFAULT, null, result::complete);
    return result.get(20, TimeUnit.SECONDS);
  }

  private static Node node(String host, int port) {
    Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);
    service.setMembers(List.of(new NodeSpec(new HostPort(host, port), "a", 1, "", "file")));
    return service.nodes().all()[0];
  }
}
