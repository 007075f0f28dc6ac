package io.fairlead;

import static io.fairlead.MariadbNode.await;
import static io.fairlead.MariadbNode.backups;
import static io.fairlead.MariadbNode.restore;

import io.fairlead.replication.backup.BackupsView;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Prints what copies of MariaDB take, full and incremental: {@code make test-backups MIB=1024}. */
@EnabledIfSystemProperty(named = "fairlead.backups.mib", matches = "[0-9]+")
@Timeout(1800)
class DatabaseBackupMariadbMeasureTest {
  private static final int MIB = Integer.getInteger("fairlead.backups.mib", 64);
  private static final int ROWS = MIB * 1000;
  private static final int STEP = 50_000;

  @Test
  void whatIncrementsTake(@TempDir Path folder) throws Exception {
    try (MariadbNode node = MariadbNode.start(folder)) {
      String _ = node.ask("create table shop.ballast(id int primary key, n int, t varchar(1000))");
      for (int from = 1; from <= ROWS; from += STEP) {
        String _ =
            node.ask(
                "use shop; insert into ballast select seq, 0, repeat(md5(seq), 30) from seq_"
                    + from
                    + "_to_"
                    + Math.min(ROWS, from + STEP - 1));
      }
      String _ = node.ask("flush binary logs");
      try (Fairlead fairlead = node.fairlead(folder, "full-every: 168h")) {
        print("full", copied(fairlead, 1));
        restored(node, fairlead, folder, "of the full one");
        String _ = node.ask("update shop.ballast set n = n + 1 where id % 100 = 0");
        print("incremental, 1 % of the rows, here and there", copied(fairlead, 2));
        restored(node, fairlead, folder, "of that");
        String _ = node.ask("update shop.ballast set n = n + 1 where id <= " + ROWS / 100);
        print("incremental, 1 % of the rows, side by side", copied(fairlead, 3));
        restored(node, fairlead, folder, "of both");
      }
    }
  }

  private static BackupsView.Copy copied(Fairlead fairlead, int count) throws Exception {
    if (count > 1) {
      String _ = backups(fairlead).backUp();
    }
    return await(fairlead, "a copy", view -> view.copies().size() == count).copies().getLast();
  }

  /** From its beginning to when the programs had copied; then it is prepared, and listed. */
  private static void print(String what, BackupsView.Copy copy) {
    System.out.printf(
        "%s (since \"%s\"): %.1f MiB, copied in %.1f s%n",
        what,
        copy.since(),
        copy.bytes() / 1048576.0,
        (copy.endMillis() - copy.startMillis()) / 1e3);
  }

  private static void restored(MariadbNode node, Fairlead fairlead, Path folder, String what)
      throws Exception {
    node.awaitArchived(fairlead);
    Path to = folder.resolve("restored");
    long began = System.nanoTime();
    String _ = restore(folder, "restored", null, 0).getFirst();
    System.out.printf("restore %s: %.1f s%n", what, (System.nanoTime() - began) / 1e9);
    MariadbNode.delete(to);
  }
}
