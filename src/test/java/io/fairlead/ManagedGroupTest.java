package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A database whose members are run by three instances: one of them is lost as a machine is, with
 * the primary, and then the one that decides, and nothing acknowledged is.
 */
@Timeout(300)
class ManagedGroupTest {
  @Test
  void anInstanceIsLostAndNothingElseIs(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedGroup orders = new ManagedGroup(folder)) {
      Instance first = orders.awaitWhole();
      assertThat(first.name).isEqualTo("a");
      Instance witness = orders.other(first);
      try (PostgresqlLogin client = orders.writer(witness)) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
      }
      orders.awaitBackups("\"copies\":[{\"id\"");
      long last = 0;
      int acknowledged = 0;
      try (PostgresqlLogin client = orders.writer(first)) {
        while (true) {
          if (last == 100) {
            first.kill(); // the server ends with it
          }
          last++;
          String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + last + ")");
          acknowledged++;
        }
      } catch (IOException _) {
        // nobody knows what became of the last
      }
      assertThat(acknowledged).isGreaterThanOrEqualTo(100);
      orders.awaitEnd(first);
      try (PostgresqlLogin client = orders.writer(witness)) {
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (1000000)");
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger where id < " + last))
            .as("what was acknowledged before")
            .isEqualTo("" + acknowledged);
      }
      first.start();
      Instance second = orders.awaitWhole();
      assertThat(second).isNotEqualTo(first);
      orders.awaitBackups("\"from\":\"" + second.name + "\"");
      try (PostgresqlLogin old = orders.probe(first)) {
        assertThat(ManagedPostgresql.ask(old, "select pg_is_in_recovery()")).isEqualTo("t");
      }

      // Whoever decides is not where the primary is, and writes go on without it.
      Instance decides = orders.awaitAside(second);
      try (PostgresqlLogin client = orders.writer(second)) {
        decides.kill();
        for (int i = 0; i < 50; i++) {
          String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + -i + ")");
        }
      }
      decides.start();
      assertThat(orders.awaitWhole()).as("takes the writes").isEqualTo(second);

      // Anybody may be told, and does it.
      Instance third = orders.other(second);
      Instance asked = orders.other(second, third);
      assertThat(orders.order(asked, "switchover?to=" + third.name))
          .contains("200", third.name + " takes the writes");
      assertThat(orders.awaitWhole()).isEqualTo(third);
      try (PostgresqlLogin client = orders.writer(first)) {
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger"))
            .isEqualTo("" + (acknowledged + 1 + 50));
      }
    }
  }

  /** One after the other proves who it is, and refuses who speaks in the clear. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void membersOfSeveralInstancesGetTlsOneAfterTheOther(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder, @TempDir Path given)
      throws Exception {
    TestCertificates certificates = new TestCertificates(given);
    for (String name : ThreeProcesses.NAMES) {
      certificates.make(name, name + ".example");
    }
    Set<Integer> strict = new HashSet<>();
    String tls =
        """
        { cert: "%1$s/${OWN}.pem", key: "%1$s/${OWN}.key", ca: %1$s/ca.pem, optional: "${OPTIONAL}" }\
        """
            .formatted(given);
    try (ManagedGroup orders =
        new ManagedGroup(
            folder,
            i -> Map.of("OWN", ThreeProcesses.NAMES.get(i), "OPTIONAL", "" + !strict.contains(i)),
            tls)) {
      Instance first = orders.awaitWhole();
      try (PostgresqlLogin client = orders.writer(first)) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
      }
      int row = 0;
      for (Instance one : orders.group.all()) {
        strict.add(one.number);
        one.kill();
        orders.awaitEnd(one);
        one.start();
        Instance primary = orders.awaitWhole();
        for (Instance each : orders.group.all()) {
          if (strict.contains(each.number)) {
            assertThatThrownBy(() -> orders.probe(each))
                .hasMessageContaining("pg_hba.conf rejects");
          } else {
            orders.probe(each).close();
          }
        }
        try (PostgresqlLogin client = orders.writer(primary)) {
          String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + ++row + ")");
        }
      }
      try (PostgresqlLogin client = orders.writer(first)) {
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger")).isEqualTo("3");
      }
    }
  }
}
