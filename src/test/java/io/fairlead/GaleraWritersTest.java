package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.cli.Cli;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.MariadbLogin;
import io.fairlead.replication.DatabaseReport.Holder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A whole instance before members of which each takes the writes of its keys. */
@Timeout(60)
class GaleraWritersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static MariadbLogin client(Fairlead fairlead, String listener) throws IOException {
    return MariadbLogin.open(
        new HostPort("127.0.0.1", Loopback.port(fairlead, listener)),
        "shop",
        new Secret(""),
        PATIENCE);
  }

  private static String member(MariadbLogin login) throws IOException {
    return login.rows("select @@wsrep_node_name", PATIENCE).getFirst().getFirst();
  }

  private static List<Holder> keys(Fairlead fairlead) {
    return fairlead.databases().reports().getFirst().keys();
  }

  @Test
  void keysHaveTheirMembersAndComeBackToThem(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (SpokenGalera a = new SpokenGalera("a", 0);
        SpokenGalera b = new SpokenGalera("b", 0);
        SpokenGalera c = new SpokenGalera("c", 0);
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s
                listeners:
                  zero:
                    bind: "127.0.0.1:0"
                    protocol: tcp
                    routes: { database: shop, key: tenant-0 }
                  one:
                    bind: "127.0.0.1:0"
                    protocol: tcp
                    routes: { database: shop, key: tenant-1 }
                  any: { bind: "127.0.0.1:0", protocol: tcp, routes: { database: shop } }
                databases:
                  shop:
                    engine: galera
                    members: { a: "%s", b: "%s", c: "%s" }
                    probe: { user: fairlead, interval: 100ms }
                    writers: affinity
                """
                    .formatted(folder, a.address(), b.address(), c.address()))) {
      List<Holder> home = List.of(new Holder("tenant-0", "b"), new Holder("tenant-1", "c"));
      Loopback.await("keys have members", () -> keys(fairlead).equals(home));
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases", "").body())
          .contains("\"writers\":\"affinity\"")
          .contains("{\"key\":\"tenant-0\",\"member\":\"b\"}");
      String[] words = {
        "db", "status", "shop", "--admin", "http://127.0.0.1:" + fairlead.adminAddress().getPort()
      };
      assertThat(Cli.main(words, new Launch())).isZero();
      try (MariadbLogin zero = client(fairlead, "zero");
          MariadbLogin one = client(fairlead, "one");
          MariadbLogin any = client(fairlead, "any");
          MariadbLogin again = client(fairlead, "any")) {
        assertThat(member(zero)).isEqualTo("b");
        assertThat(member(one)).isEqualTo("c");
        assertThat(member(any)).as("the same address").isEqualTo(member(again));
        int port = b.port();
        b.end();
        assertThatThrownBy(() -> member(zero)).isInstanceOf(IOException.class);
        try (MariadbLogin moved = client(fairlead, "zero")) {
          String other = member(moved);
          assertThat(other).isIn("a", "c");
          assertThat(keys(fairlead))
              .containsExactly(new Holder("tenant-0", other), new Holder("tenant-1", "c"));
          try (SpokenGalera _ = new SpokenGalera("b", port)) {
            Loopback.await("they are back", () -> keys(fairlead).equals(home));
            Loopback.await(
                "it has ended", () -> fairlead.databases().reports().getFirst().ended() > 0);
            assertThatThrownBy(() -> member(moved)).isInstanceOf(IOException.class);
            try (MariadbLogin back = client(fairlead, "zero")) {
              assertThat(member(back)).isEqualTo("b");
            }
            assertThat(member(one)).as("was never touched").isEqualTo("c");
          }
        }
      }
    }
  }
}
