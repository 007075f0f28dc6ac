package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ManagedCluster.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A Galera cluster that Fairlead makes itself: its writer is killed, then all of it. */
@Timeout(240)
class ManagedGaleraTest {
  @Test
  void nothingAcknowledgedIsLost(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    long t = System.nanoTime();
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      System.out.printf("three members take part after %d ms%n", (System.nanoTime() - t) / 1_000_000);
      String history = shop.root("a", "select @@wsrep_cluster_name");
      assertThat(history).isEqualTo("shop");
      shop.write("create table shop.ledger(id bigint primary key)");
      String first = shop.writer();
      Set<Long> acknowledged;
      try (Writer writer = new Writer(shop, 0)) {
        writer.await(100);
        shop.kill(first);
        writer.await(100);
        System.out.printf("the writer was killed: nobody wrote for %d ms%n%s%n", writer.longest.get() / 1_000_000, shop.managed().steps());
        acknowledged = writer.acknowledged;
      }
      assertThat(shop.writer()).isNotEqualTo(first);
      check(shop, acknowledged);
      shop.awaitWhole(3);
    }
  }

  private static void check(ManagedCluster shop, Set<Long> acknowledged) throws Exception {
    assertThat(
            shop.read(
                "select count(*) from shop.ledger where id in ("
                    + String.join(",", acknowledged.stream().map(String::valueOf).toList())
                    + ")"))
        .as("acknowledged, and there")
        .isEqualTo("" + acknowledged.size());
  }
}
