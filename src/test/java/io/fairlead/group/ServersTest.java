package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.HostPort;
import io.fairlead.group.Servers.Server;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the engine writes down of who keeps the state. */
final class ServersTest {
  @Test
  void readsWhatItWrites() {
    Servers servers =
        Servers.of(
            List.of(
                new Server(7, new HostPort("10.0.0.1", 7400), true),
                new Server(3, new HostPort("::1", 7400), false),
                new Server(254, new HostPort("edge.example", 7400), true)));
    assertThat(servers.lines())
        .isEqualTo(
            """
            server.3=[::1]:7401:7402:observer
            server.7=10.0.0.1:7401:7402:participant
            server.254=edge.example:7401:7402:participant\
            """);
    assertThat(Servers.parse(servers.lines())).isEqualTo(servers);
  }

  @Test
  void readsWhatTheEngineWrites() {
    Servers servers =
        Servers.parse("server.1=10.0.0.1:7401:7402:participant;127.0.0.1:2181\nversion=1a0000002b");
    assertThat(servers.version()).isEqualTo(0x1a0000002bL);
    assertThat(servers.find(1)).isEqualTo(new Server(1, new HostPort("10.0.0.1", 7400), true));
  }

  @Test
  void anythingElseIsRefused() {
    assertThatThrownBy(() -> Servers.parse("server.1=nonsense"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
