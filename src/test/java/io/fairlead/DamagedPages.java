package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Pages of members of a database that Fairlead manages rot on their disks. */
final class DamagedPages {
  private static final int PAGE = 8192;
  private static final int BLOCK = 500;
  private static final String FILE = "select pg_relation_filepath('lies')";
  private static final String DAMAGED = " has a damaged page: ";
  private static final String SOUND = " has no damaged page any more";

  private final ManagedPostgresql orders;

  DamagedPages(ManagedPostgresql orders) {
    this.orders = orders;
  }

  /** A table that nobody changes, on the disks of all. */
  private void lie(String primary) throws Exception {
    String _ = orders.owner(primary, "create table if not exists lies(id int, s text)");
    String _ =
        orders.owner(
            primary,
            "insert into lies select g, repeat('x', 300) from generate_series(1, 20000) g"
                + " where not exists (select from lies)");
    String _ = orders.owner(primary, "vacuum (freeze) lies");
    String _ = orders.owner(primary, "checkpoint");
    String lsn = orders.owner(primary, "select pg_current_wal_lsn()");
    for (String replica : orders.replicas(primary)) {
      awaitReplay(replica, lsn);
      String _ = orders.owner(replica, "checkpoint");
    }
  }

  private void awaitReplay(String replica, String lsn) throws Exception {
    String question = "select pg_last_wal_replay_lsn() >= '" + lsn + "'";
    Loopback.await(
        replica + " has it",
        ManagedPostgresql.LONG,
        () -> {
          try {
            return orders.owner(replica, question).equals("t");
          } catch (IOException _) {
            return false;
          }
        });
  }

  private void damage(String member) throws IOException {
    Path file = orders.data(member).resolve(orders.owner(orders.primary(), FILE));
    try (RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] bytes = new byte[8];
      data.seek((long) BLOCK * PAGE + 4000);
      data.readFully(bytes);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] ^= 0x5a;
      }
      data.seek((long) BLOCK * PAGE + 4000);
      data.write(bytes);
    }
  }

  private long told(String member, String what) {
    return orders.fairlead().events().since(0).stream()
        .filter(one -> one.event().text().startsWith("orders: " + member + what))
        .count();
  }

  private String damageOf(String member) {
    return orders.managed().members().stream()
        .filter(one -> one.name().equals(member))
        .map(ManagedView.Own::damage)
        .findFirst()
        .orElse("");
  }

  /** A replica is found damaged when somebody reads the page, and is copied. */
  void ofReplica(String primary, String replica) throws Exception {
    lie(primary);
    forget(replica);
    long copied = copies(replica);
    read(replica);
    awaitCopy(replica, copied);
    assertThat(orders.primary()).isEqualTo(primary);
    assertThat(votersWhenCopied(replica))
        .contains("commits wait for")
        .doesNotContain(replica + ",")
        .doesNotContain(replica + ")");
    orders.awaitTwoVoters();
    assertThat(orders.owner(replica, "select count(s) from lies")).isEqualTo("20000");
  }

  /** What commits waited for last before its data was given up. */
  private String votersWhenCopied(String replica) {
    String voters = "";
    String when = "";
    for (EventLog.Entry one : orders.fairlead().events().since(0)) {
      String text = one.event().text();
      if (text.contains("commits wait for")) {
        voters = text;
      } else if (text.equals("orders: " + replica + ": has a damaged page, and is copied anew")) {
        when = voters;
      }
    }
    return when;
  }

  private void read(String replica) throws Exception {
    long before = told(replica, DAMAGED);
    outOfTheCache(replica);
    assertThatThrownBy(() -> orders.owner(replica, "select count(s) from lies"))
        .hasMessageContaining("invalid page in block " + BLOCK);
    Loopback.await("it is told", ManagedPostgresql.LONG, () -> told(replica, DAMAGED) > before);
  }

  /** It ends in order, so that it has nothing in memory, and begins again. */
  private void outOfTheCache(String replica) throws Exception {
    orders.pause(true);
    ProcessHandle server = ProcessHandle.of(orders.pid(replica)).orElseThrow();
    Signals.send("INT", List.of(server));
    Loopback.await("it has ended", ManagedPostgresql.LONG, () -> !server.isAlive());
    damage(replica);
    orders.pause(false);
    Loopback.await(
        "it answers",
        ManagedPostgresql.LONG,
        () -> {
          try {
            return orders.owner(replica, "select 1").equals("1");
          } catch (IOException _) {
            return false;
          }
        });
  }

  /** Nobody reads it, and it is found all the same. */
  void unread(String primary, String member) throws Exception {
    lie(primary);
    forget(member);
    long copied = copies(member);
    damage(member);
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (copies(member) == copied && System.nanoTime() < end) {
      hurry();
      TimeUnit.MILLISECONDS.sleep(200);
    }
    awaitCopy(member, copied);
    assertThat(orders.primary().equals(primary)).isEqualTo(!member.equals(primary));
    assertThat(orders.owner(member, "select count(s) from lies")).isEqualTo("20000");
  }

  /** Who waits for a checkpoint waits no longer. */
  private void hurry() {
    String primary = orders.primary();
    try {
      if (!primary.isEmpty()) {
        String _ = orders.owner(primary, "checkpoint");
      }
    } catch (IOException _) {
      // the writes are going elsewhere
    }
  }

  /** One that is damaged again so soon stays as it is, and is never promoted. */
  void again(String primary, String replica, LedgerClients clients) throws Exception {
    ofReplica(primary, replica);
    long copied = copies(replica);
    read(replica);
    Loopback.await(
        "it is said that its disk is bad",
        ManagedPostgresql.LONG,
        () ->
            orders.fairlead().events().since(0).stream()
                .anyMatch(one -> one.event().text().contains("its disk is not to be trusted")));
    assertThatThrownBy(() -> manager().switchover(replica)).hasMessageContaining("no page damaged");
    orders.kill(primary);
    clients.await(50);
    assertThat(orders.primary()).isNotEmpty().isNotEqualTo(replica);
    orders.awaitReplicas(2);
    assertThat(copies(replica)).as("copies meanwhile").isEqualTo(copied);
    assertThat(damageOf(replica)).contains("does not match its checksum");
    manager().reinit(replica);
    awaitCopy(replica, copied);
  }

  /**
   * The log has a whole page only at its first change behind a checkpoint: at the second a replica
   * reads its own.
   */
  void replay(String primary, String replica) throws Exception {
    lie(primary);
    forget(replica);
    String _ = orders.owner(primary, "create table if not exists wide(id int primary key, s text)");
    String _ =
        orders.owner(
            primary,
            "insert into wide select g, repeat('x', 300) from generate_series(1, 120000) g"
                + " on conflict do nothing");
    lie(primary);
    long copied = copies(replica);
    change(primary, replica, 1);
    for (int i = 0; i < 2; i++) { // what is read page by page takes the others' places
      String _ =
          orders.owner(
              replica,
              "begin; set local enable_seqscan = off; set local enable_bitmapscan = off;"
                  + " select sum(length(s)) from wide where id > 0; commit");
    }
    damage(replica);
    change(primary, replica, 2);
    awaitCopy(replica, copied);
    assertThat(
            orders.fairlead().events().since(0).stream()
                .anyMatch(one -> one.event().text().endsWith(", and replay needs it")))
        .isTrue();
    assertThat(orders.primary()).isEqualTo(primary);
  }

  private void change(String primary, String replica, int row) throws Exception {
    String _ =
        orders.owner(
            primary, "update lies set s = s || 'y' where ctid = '(" + BLOCK + "," + row + ")'");
    if (row == 1) {
      awaitReplay(replica, orders.owner(primary, "select pg_current_wal_lsn()"));
    }
  }

  /** Whoever cannot be copied is looked through, and the copy comes from somebody else. */
  void copy(String primary, String replica) throws Exception {
    lie(primary);
    forget(primary);
    forget(replica);
    long primarys = copies(primary);
    long copied = copies(replica);
    damage(primary);
    manager().reinit(replica);
    Loopback.await(replica + " is copied", ManagedPostgresql.LONG, () -> copies(replica) > copied);
    awaitCopy(primary, primarys);
    assertThat(orders.primary()).isNotEqualTo(primary);
  }

  /**
   * Nobody is promoted until an operator says so, and he gets a sound primary when there is one.
   */
  void all(String primary, List<String> replicas, LedgerClients clients) throws Exception {
    lie(primary);
    for (String replica : replicas) { // as if it had been copied for that just now
      long now = Instant.now().getEpochSecond();
      Files.writeString(orders.top(replica).resolve("pages"), now + " 0 " + now);
      read(replica);
    }
    orders.awaitReplicas(2);
    orders.awaitTwoVoters();
    Path away = orders.top(primary).resolve("away");
    orders.kill(primary);
    Files.move(orders.data(primary), away);
    Loopback.await(
        "it is said who is damaged",
        ManagedPostgresql.LONG,
        () -> orders.managed().doing().contains("fairlead db bootstrap"));
    TimeUnit.SECONDS.sleep(1); // nobody may be promoted, so there is nothing to wait for
    assertThat(orders.primary()).isEmpty();
    String accepted = replicas.getLast();
    assertThat(manager().bootstrap(accepted)).contains("may be promoted");
    clients.await(50);
    assertThat(orders.primary()).isEqualTo(accepted);
    Loopback.await(
        "nobody can copy it",
        ManagedPostgresql.LONG,
        () -> told(primary, ": a page of " + accepted + " is damaged") > 0);
    Files.move(away, orders.data(primary));
    Loopback.await(
        "it hands over to who is sound",
        ManagedPostgresql.LONG,
        () -> orders.primary().equals(primary));
    clients.await(50);
    for (String replica : replicas) {
      orders.awaitTwoVoters();
      long copied = copies(replica);
      manager().reinit(replica);
      awaitCopy(replica, copied);
    }
  }

  private DatabaseManager manager() {
    return Objects.requireNonNull(orders.fairlead().databases().managed("orders"));
  }

  /** As if it had been copied for that long ago. */
  private void forget(String member) throws IOException {
    Files.deleteIfExists(orders.top(member).resolve("pages"));
  }

  private long copies(String member) {
    return told(member, " was copied from ");
  }

  private void awaitCopy(String member, long before) throws Exception {
    Loopback.await(member + " is copied", ManagedPostgresql.LONG, () -> copies(member) > before);
    Loopback.await(
        member + " is sound",
        ManagedPostgresql.LONG,
        () -> damageOf(member).isEmpty() && told(member, SOUND) > 0);
    orders.awaitReplicas(2);
    assertThat(copies(member)).as("copies").isEqualTo(before + 1);
  }
}
