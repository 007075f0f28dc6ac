package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What seldom befalls a database that Fairlead manages, while clients write: several things at
 * once, disks, and people who mean well. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedFaultsTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  private static final String PROMOTED_BY_HAND = "was promoted by somebody else than Fairlead";
  private static final long MIB = 1 << 20;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  private final List<Path> mounted = new ArrayList<>();

  /** What is done. */
  enum Fault {
    BACKEND_KILLED("one process of the primary that serves a client is killed"),
    SUCCESSOR_KILLED_MIDWAY("the primary is killed, and whoever is being promoted in that moment"),
    TWO_HELD("the primary and the voter that had most are killed and kept away"),
    STARTED_BY_HAND("the old primary is started by hand"),
    BACK_BEFORE_CHECKPOINT("the old primary is back before its successor's first checkpoint"),
    PROMOTED_BY_HAND("a replica is promoted by hand"),
    LOG_MISSING("a replica needs log that the primary has no more"),
    REPLAY_PAUSED("the primary is killed while a voter's replay is paused"),
    APPLY_DELAYED("the primary is killed while a voter replays an hour late"),
    VOTERS_DISK_SLOW("each sync of a voter's disk takes half a second"),
    PRIMARYS_DISK_SLOW("each sync of the primary's disk takes half a second"),
    VOTER_HANGS("what a voter receives with hangs for 3 s"),
    LONG_TRANSACTION("a transaction does not end during a switchover"),
    PRIMARYS_DISK_FULL("the primary's disk is full"),
    REPLICAS_DISK_FULL("a replica's disk is full"),
    PRIMARYS_DISK_READ_ONLY("the primary is killed, its disk can only be read"),
    REPLICAS_PAGE_DAMAGED("a page of a replica is damaged, and read"),
    REPLICAS_PAGE_ROTS("a page of a replica is damaged, and nobody reads it"),
    PRIMARYS_PAGE_ROTS("a page of the primary is damaged, and nobody reads it"),
    COPY_NEEDS_PAGE("a page of the primary is damaged, and a replica is to be copied"),
    REPLAY_NEEDS_PAGE("a page of a replica is damaged, and its replay needs it"),
    DAMAGED_AGAIN("a replica is damaged twice in a day, and the primary is killed"),
    DAMAGED_ALL("both replicas are damaged, and the primary is gone");

    private final String words;

    Fault(String words) {
      this.words = words;
    }

    boolean needsDisks() {
      return name().matches(".*_DISK_(FULL|READ_ONLY)");
    }

    boolean needsChecks() {
      return name().contains("_ROTS");
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults(fault.words);
    try (ManagedPostgresql orders =
        new ManagedPostgresql(
            folder, fault.needsDisks() ? this::mount : _ -> {}, fault.needsChecks())) {
      orders.awaitPrimary("a");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
      }
      for (int round = 0; round < ROUNDS; round++) {
        orders.awaitReplicas(2);
        orders.awaitTwoVoters();
        try (LedgerClients clients = new LedgerClients(orders::writer, round)) {
          clients.await(100);
          hurt(fault, orders, clients, round);
          clients.await(200);
          clients.end();
          faults.add(clients);
        }
        if (fault == Fault.BACK_BEFORE_CHECKPOINT) {
          awaitSameRows(orders);
        }
      }
      orders.awaitReplicas(2);
    } finally {
      for (Path disk : mounted) {
        Loopback.await("nobody uses " + disk, () -> isDone("umount", disk.toString()));
      }
    }
    faults.write();
  }

  private void mount(Path top) throws Exception {
    Files.createDirectories(top);
    Tool.Said done =
        Tool.run("", "mount", "-t", "tmpfs", "-o", "size=600m,mode=700", "none", top.toString());
    Assumptions.assumeTrue(done.status() == 0, "only root may mount a file system");
    mounted.add(top);
    PostgresPrograms.find().give(top);
  }

  private void hurt(Fault fault, ManagedPostgresql orders, LedgerClients clients, int round)
      throws Exception {
    String primary = orders.primary();
    List<String> replicas = orders.replicas(primary);
    String replica = replicas.getFirst();
    switch (fault) {
      case BACKEND_KILLED -> {
        boolean _ = orders.process(primary, "shop shop").destroyForcibly();
      }
      case SUCCESSOR_KILLED_MIDWAY -> killTwice(orders, primary, replicas);
      case TWO_HELD -> holdTwo(orders, clients, primary, replicas);
      case STARTED_BY_HAND -> startByHand(orders, clients, primary);
      case BACK_BEFORE_CHECKPOINT -> comeBackEarly(orders, clients, primary, round);
      case PROMOTED_BY_HAND -> {
        long before = told(orders, PROMOTED_BY_HAND);
        String _ = orders.owner(replica, "select pg_promote(false)");
        Loopback.await("it is ended", () -> told(orders, PROMOTED_BY_HAND) > before);
        orders.awaitReplicas(2);
        assertThat(orders.primary()).isEqualTo(primary);
      }
      case LOG_MISSING -> loseLog(orders, clients, primary, replica);
      case REPLAY_PAUSED -> {
        String _ = orders.owner(replica, "select pg_wal_replay_pause()");
        clients.await(20);
        orders.kill(primary);
      }
      case APPLY_DELAYED -> {
        String _ = orders.owner(replica, "alter system set recovery_min_apply_delay = '1h'");
        String _ = orders.owner(replica, "select pg_reload_conf()");
        clients.await(100);
        orders.kill(primary);
      }
      case VOTER_HANGS -> {
        List<ProcessHandle> one = List.of(orders.process(replica, "walreceiver"));
        Signals.send("STOP", one);
        TimeUnit.SECONDS.sleep(3);
        Signals.send("CONT", one);
        assertThat(clients.longestMillis()).isLessThan(1_000);
      }
      case VOTERS_DISK_SLOW -> {
        int before = paceOf(clients);
        try (SlowDisk disk = new SlowDisk(folder, orders.processes(replica))) {
          int slow = paceOf(clients);
          assertThat(disk.waited()).as("syncs that were slow").isGreaterThan(5);
          assertThat(slow).as("writes, of %s before", before).isGreaterThan(before / 2);
        }
        assertThat(orders.primary()).isEqualTo(primary);
        assertThat(clients.longestMillis()).isLessThan(1_000);
      }
      case PRIMARYS_DISK_SLOW -> {
        int before = paceOf(clients);
        String takes = clients.newest();
        try (SlowDisk disk = new SlowDisk(folder, orders.processes(primary))) {
          int slow = paceOf(clients);
          assertThat(disk.waited()).as("syncs that were slow").isGreaterThan(5);
          assertThat(slow).as("writes, of %s before", before).isLessThan(before / 2);
        }
        clients.await(200);
        assertThat(clients.newest()).as("who takes the writes").isEqualTo(takes);
        assertThat(clients.longestMillis()).isLessThan(3_000);
      }
      case LONG_TRANSACTION -> {
        try (PostgresqlLogin client = orders.writer()) {
          String _ = ManagedPostgresql.ask(client, "begin");
          String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + ~round + ")");
          String _ = orders.switchover();
        }
        clients.await(20);
        try (PostgresqlLogin client = orders.writer()) {
          assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger where id < 0"))
              .isEqualTo("0");
        }
        assertThat(clients.longestMillis()).as("sessions have 10 s to end").isLessThan(12_000);
      }
      case PRIMARYS_DISK_FULL -> {
        Path filler = fill(orders.top(primary));
        assertThat(switchLog(orders, primary, 60)).as("needs a new file, and ends").isFalse();
        clients.await(20);
        assertThat(orders.primary()).isNotEqualTo(primary);
        Files.delete(filler);
      }
      case REPLICAS_DISK_FULL -> {
        Path filler = fill(orders.top(replica));
        assertThat(switchLog(orders, primary, 6)).as("the primary goes on").isTrue();
        clients.await(200);
        assertThat(orders.primary()).isEqualTo(primary);
        assertThat(clients.longestMillis()).isLessThan(2_000);
        Files.delete(filler);
      }
      case PRIMARYS_DISK_READ_ONLY -> {
        Path top = orders.top(primary);
        orders.kill(primary);
        Loopback.await("it can only be read", () -> isRemounted(top, "ro"));
        clients.await(20);
        assertThat(orders.primary()).isNotEqualTo(primary);
        assertThat(isRemounted(top, "rw")).isTrue();
      }
      case REPLICAS_PAGE_DAMAGED -> new DamagedPages(orders).ofReplica(primary, replica);
      case REPLICAS_PAGE_ROTS -> new DamagedPages(orders).unread(primary, replica);
      case PRIMARYS_PAGE_ROTS -> new DamagedPages(orders).unread(primary, primary);
      case REPLAY_NEEDS_PAGE -> new DamagedPages(orders).replay(primary, replica);
      case COPY_NEEDS_PAGE -> new DamagedPages(orders).copy(primary, replica);
      case DAMAGED_ALL -> new DamagedPages(orders).all(primary, replicas, clients);
      case DAMAGED_AGAIN -> new DamagedPages(orders).again(primary, replica, clients);
    }
  }

  /** How many writes are acknowledged in ten seconds. */
  private static int paceOf(LedgerClients clients) throws InterruptedException {
    int before = clients.acknowledged();
    TimeUnit.SECONDS.sleep(10);
    return clients.acknowledged() - before;
  }

  private static long told(ManagedPostgresql orders, String what) {
    return orders.fairlead().events().since(0).stream()
        .filter(one -> one.event().text().contains(what))
        .count();
  }

  private static boolean isRemounted(Path top, String how) {
    return isDone("mount", "-o", "remount," + how, top.toString());
  }

  private static boolean isDone(String... command) {
    try {
      return Tool.run("", command).status() == 0;
    } catch (IOException _) {
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Writes until there is no room for more. */
  private static Path fill(Path top) throws IOException {
    Path filler = top.resolve("filler");
    byte[] block = new byte[(int) MIB];
    try (OutputStream out = Files.newOutputStream(filler)) {
      for (int size = block.length; size >= 4096; size /= 2) {
        write(out, block, size);
      }
    }
    return filler;
  }

  private static void write(OutputStream out, byte[] block, int size) {
    try {
      while (true) {
        out.write(block, 0, size);
      }
    } catch (IOException _) {
      // there is no room for so much
    }
  }

  /**
   * So many files of the log are begun; some that are not needed any more may be used anew.
   *
   * @return false: the server has ended
   */
  private static boolean switchLog(ManagedPostgresql orders, String primary, int files)
      throws InterruptedException {
    try {
      for (int i = 0; i < files; i++) {
        String _ = orders.owner(primary, "select pg_switch_wal()");
        TimeUnit.MILLISECONDS.sleep(100); // clients write something
      }
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static void killTwice(ManagedPostgresql orders, String primary, List<String> replicas)
      throws Exception {
    orders.kill(primary);
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (System.nanoTime() < end) {
      for (String name : replicas) {
        if (!Files.exists(orders.data(name).resolve("standby.signal"))) {
          orders.kill(name);
          return;
        }
      }
      TimeUnit.MILLISECONDS.sleep(1);
    }
    throw new AssertionError("nobody is promoted");
  }

  private static Path away(ManagedPostgresql orders, String member) {
    return orders.top(member).resolve("away");
  }

  private static void take(ManagedPostgresql orders, String member) throws IOException {
    Path _ = Files.move(orders.data(member), away(orders, member));
  }

  private static void give(ManagedPostgresql orders, String member) throws IOException {
    Path _ = Files.move(away(orders, member), orders.data(member));
  }

  private static void holdTwo(
      ManagedPostgresql orders, LedgerClients clients, String primary, List<String> replicas)
      throws Exception {
    String received = "select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')";
    String most =
        Long.parseLong(orders.owner(replicas.getFirst(), received))
                > Long.parseLong(orders.owner(replicas.getLast(), received))
            ? replicas.getFirst()
            : replicas.getLast();
    orders.kill(primary);
    orders.kill(most);
    take(orders, primary);
    take(orders, most);
    TimeUnit.MILLISECONDS.sleep(300); // what was on its way has come
    int before = clients.acknowledged();
    Loopback.await(
        "it is said for whom is waited",
        ManagedPostgresql.LONG,
        () -> orders.managed().doing().contains("might be lost"));
    TimeUnit.SECONDS.sleep(2); // nobody may be elected, so there is nothing to wait for
    assertThat(clients.acknowledged()).as("acknowledged meanwhile").isEqualTo(before);
    give(orders, most);
    clients.await(50);
    assertThat(orders.primary()).isNotEqualTo(primary);
    // Whoever is gone is copied anew meanwhile; what it had is not needed.
    ManagedPostgresql.remove(away(orders, primary));
  }

  /** Before anybody has said that it is no primary any more, and on the address that all know. */
  private static void startByHand(ManagedPostgresql orders, LedgerClients clients, String primary)
      throws Exception {
    orders.kill(primary);
    take(orders, primary);
    Path data = away(orders, primary);
    Files.deleteIfExists(data.resolve("postmaster.pid"));
    PostgresPrograms programs = PostgresPrograms.find();
    Process hand =
        PostgresPrograms.builder(
                programs.command("postgres", List.of("-D", data.toString())), Map.of())
            .redirectErrorStream(true)
            .redirectOutput(orders.top(primary).resolve("by-hand").toFile())
            .start();
    try {
      clients.await(100);
      assertThat(orders.primary()).isNotEqualTo(primary);
      try (PostgresqlLogin client = ManagedPostgresql.login(orders.port(primary), "shop", "shop")) {
        // What comes to it by other ways is not acknowledged either.
        AtomicBoolean acknowledged = new AtomicBoolean();
        Thread writes =
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    String _ = ManagedPostgresql.ask(client, "insert into ledger values (-1)");
                    acknowledged.set(true);
                  } catch (IOException _) {
                    // as it should
                  }
                });
        clients.await(500);
        assertThat(writes.isAlive()).as("it waits").isTrue();
        assertThat(acknowledged).isFalse();
      }
      try (PostgresqlLogin client = orders.writer()) {
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger where id = -1"))
            .isEqualTo("0");
      }
    } finally {
      List<ProcessHandle> all = Signals.all(hand.pid());
      Signals.send("KILL", all);
      int _ = hand.waitFor();
      Loopback.await("it has ended", () -> all.stream().noneMatch(ProcessHandle::isAlive));
    }
    ManagedPostgresql.remove(data); // whose it was is copied anew
  }

  /**
   * It has written what nobody else has. And its successor, which begins its first checkpoint when
   * it is promoted, and may take minutes for it, is still of the old timeline by what a rewind
   * reads of it.
   */
  private static void comeBackEarly(
      ManagedPostgresql orders, LedgerClients clients, String primary, int round) throws Exception {
    String back = primary + " went back to what";
    String copied = primary + " was copied from ";
    long before = told(orders, back);
    long copies = told(orders, copied);
    long renewed = told(orders, "is copied anew");
    List<ProcessHandle> checkpointers = new ArrayList<>();
    for (String replica : orders.replicas(primary)) {
      checkpointers.add(orders.process(replica, "checkpointer"));
    }
    Path control = orders.data(primary).resolve("global").resolve("pg_control");
    Path away = away(orders, primary);
    Signals.send("STOP", checkpointers);
    try {
      Signals.send("STOP", orders.processes(primary, "walsender"));
      String alone = "set synchronous_commit = local; insert into ledger values (" + ~round + ")";
      String _ = orders.owner(primary, alone, "shop");
      Signals.send("STOP", orders.processes(primary));
      List<ProcessHandle> server = orders.processes(primary); // it makes no more of them
      Path _ = Files.move(control, away); // it cannot be started, nor go back
      Signals.send("KILL", server);
      clients.await(20);
      String successor = orders.primary();
      assertThat(successor).isNotEmpty().isNotEqualTo(primary);
      Path _ = Files.move(away, control);
      Loopback.await(
          "it is asked for its checkpoint, or nobody wants one",
          ManagedPostgresql.LONG,
          () ->
              isAskedForCheckpoint(orders, successor)
                  || told(orders, back) > before
                  || told(orders, "is copied anew") > renewed);
      String old =
          "select timeline_id < ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))"
              + "::bit(32)::int from pg_control_checkpoint()";
      assertThat(orders.owner(successor, old)).as("it has made none").isEqualTo("t");
    } finally {
      Signals.send("CONT", checkpointers);
    }
    Loopback.await(
        "it follows",
        ManagedPostgresql.LONG,
        () -> told(orders, back) + told(orders, copied) > before + copies);
    orders.awaitReplicas(2);
    assertThat(told(orders, copied)).as("copies of all there is").isEqualTo(copies);
    assertThat(told(orders, back)).isEqualTo(before + 1);
    assertThat(orders.owner(primary, "select pg_is_in_recovery()")).isEqualTo("t");
  }

  private static boolean isAskedForCheckpoint(ManagedPostgresql orders, String member) {
    String asked = "select exists (select from pg_stat_activity where query = 'checkpoint')";
    try {
      return orders.owner(member, asked).equals("t");
    } catch (IOException _) {
      return false;
    }
  }

  /** All have what the primary has, and nothing else. */
  private static void awaitSameRows(ManagedPostgresql orders) throws Exception {
    orders.awaitReplicas(2);
    String primary = orders.primary();
    String rows = "select count(*) || ' ' || sum(id) || ' ' || min(id) from ledger";
    String has = orders.owner(primary, rows, "shop");
    assertThat(has).as("the lowest of all that was acknowledged").endsWith(" 0");
    for (String replica : orders.replicas(primary)) {
      Loopback.await(
          replica + " has " + has,
          () -> {
            try {
              return orders.owner(replica, rows, "shop").equals(has);
            } catch (IOException _) {
              return false;
            }
          });
    }
  }

  private static void loseLog(
      ManagedPostgresql orders, LedgerClients clients, String primary, String replica)
      throws Exception {
    String _ = orders.owner(primary, "alter system set wal_keep_size = 0");
    String _ = orders.owner(primary, "select pg_reload_conf()");
    List<ProcessHandle> frozen = orders.processes(replica);
    Signals.send("STOP", frozen);
    try {
      for (int i = 0; i < 5; i++) {
        clients.await(20);
        String _ = orders.owner(primary, "select pg_switch_wal()");
        String _ = orders.owner(primary, "checkpoint");
      }
    } finally {
      Signals.send("CONT", frozen);
    }
    Loopback.await(
        "it is copied anew",
        ManagedPostgresql.LONG,
        () -> Files.exists(orders.top(replica).resolve("data.aside")));
    orders.awaitReplicas(2);
    Tool.Said _ = Tool.run("", "rm", "-r", orders.top(replica).resolve("data.aside").toString());
    String _ = orders.owner(primary, "alter system reset wal_keep_size");
    String _ = orders.owner(primary, "select pg_reload_conf()");
  }
}
