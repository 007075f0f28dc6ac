package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ManagedCluster.Writer;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Members of a Galera cluster that Fairlead manages crash together, and one of them has lost its
 * data, or has half of a copy: who has the most begins, and that one never. {@code make
 * chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedGaleraCrashTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /**
   * In which order disks come back.
   *
   * @param order w: the writer's; x: of the other that has as much, or nearly; y: of the one that
   *     was left behind
   * @param wiped whose is empty
   */
  private record Return(String order, String wiped) {}

  private static final List<Return> RETURNS =
      List.of(
          new Return("wxy", "w"),
          new Return("wyx", "y"),
          new Return("xwy", "x"),
          new Return("ywx", "y"),
          new Return("xyw", "x"),
          new Return("yxw", "w"));

  /** One is killed and left behind, then both others; the disks come back in each order. */
  @Test
  void allCrashAndOneIsWiped() throws Exception {
    Assumptions.assumeTrue("ALL_CRASH".matches(FAULTS), "not asked for");
    DatabaseFaults faults =
        new DatabaseFaults(
            "Galera: all are killed, one is wiped, and they come back one after the other");
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      for (int round = 0; round < RETURNS.size(); round++) {
        shop.awaitWhole(3);
        long from = 2 * Writer.SHARE * round;
        try (Writer writer = new Writer(shop, from)) {
          crash(shop, writer, RETURNS.get(round));
          writer.await(100);
          writer.end();
          faults.add(shop, writer, from);
        }
      }
      shop.awaitWhole(3);
    }
    faults.write();
  }

  private static void crash(ManagedCluster shop, Writer writer, Return what) throws Exception {
    String writes = shop.writer();
    List<String> others = new ArrayList<>(shop.ports.keySet());
    boolean _ = others.remove(writes);
    String most = others.get(0);
    String behind = others.get(1);
    String wiped = name(what.wiped.charAt(0), writes, most, behind);
    int before = shop.begun().size();
    writer.await(100);
    shop.manager().pause("test");
    shop.kill(behind);
    shop.await("it has ended", () -> shop.pid(behind) == 0);
    writer.await(50);
    shop.signal("KILL", most, writes);
    shop.await("all have ended", () -> shop.pid("a") + shop.pid("b") + shop.pid("c") == 0);
    for (String name : shop.ports.keySet()) {
      remove(away(shop, name));
      Path _ = Files.move(shop.data(name), away(shop, name));
    }
    shop.manager().resume("test");
    boolean begins = false;
    boolean isWiped = false;
    for (char who : what.order.toCharArray()) {
      String name = name(who, writes, most, behind);
      if (!begins) {
        nobodyBegins(shop, writes, before);
      }
      if (name.equals(wiped)) {
        isWiped = shop.wiped(name);
      } else {
        begins |= name.equals(writes);
        giveBack(shop, name);
      }
    }
    if (wiped.equals(writes)) {
      // Others may lack what only the writer had. With its data it goes on by itself.
      assertThat(isWiped).isTrue();
      nobodyBegins(shop, writes, before);
      remove(shop.top(writes).resolve("wiped"));
      Path _ = Files.move(shop.data(writes), shop.top(writes).resolve("wiped"));
      giveBack(shop, writes);
    }
    shop.await("somebody begins", () -> shop.begun().size() > before);
    writer.await(20);
    assertThat(shop.begun()).as("begun anew, %s, %s", what, shop.trouble()).hasSize(before + 1);
    List<String> may = new ArrayList<>(List.of(writes, most));
    if (!wiped.equals(writes)) {
      boolean _ = may.remove(wiped);
    }
    assertThat(shop.begun().getLast())
        .as("who begins of %s, %s and %s: %s", writes, most, behind, what)
        .matches("no part .* and (" + String.join("|", may) + ") begins it anew at .*");
    if (!wiped.equals(writes) && isWiped) {
      isLeftAsItIs(shop, wiped);
    }
  }

  private static String name(char which, String writes, String most, String behind) {
    return which == 'w' ? writes : which == 'x' ? most : behind;
  }

  private static Path away(ManagedCluster shop, String member) {
    return shop.top(member).resolve("away");
  }

  private static void giveBack(ManagedCluster shop, String member) throws IOException {
    try {
      Path _ = Files.move(away(shop, member), shop.data(member));
    } catch (FileAlreadyExistsException _) {
      // the cluster has begun, and it is copied anew meanwhile
    }
  }

  private static void remove(Path folder) throws Exception {
    Tool.Said _ = Tool.run("", "rm", "-rf", folder.toString());
  }

  private static void nobodyBegins(ManagedCluster shop, String writes, int before)
      throws InterruptedException {
    shop.await("it is said", () -> shop.managed().doing().startsWith(writes + " may have what"));
    TimeUnit.MILLISECONDS.sleep(700); // nothing may happen, so there is nothing to wait for
    assertThat(shop.ports.keySet()).allMatch(one -> shop.pid(one) == 0);
    assertThat(shop.managed().doing()).startsWith(writes + " may have what");
    assertThat(shop.begun()).hasSize(before);
  }

  private static void isLeftAsItIs(ManagedCluster shop, String wiped) throws Exception {
    shop.await(
        "it is said of " + wiped, () -> shop.trouble().contains("no position in any cluster"));
    assertThat(shop.data(wiped)).isDirectoryContaining("glob:**/grastate.dat");
    shop.manager().reinit(wiped);
  }

  /** What happens when two of three crash in quick succession. */
  enum Two {
    OTHER_WIPED("two of three are killed, the one that did not write is wiped"),
    WRITER_WIPED("two of three are killed, the writer is wiped, and gets its data back");

    private final String words;

    Two(String words) {
      this.words = words;
    }
  }

  /** A third is left, which has no quorum by itself. */
  @ParameterizedTest
  @EnumSource(Two.class)
  void twoCrashAndOneIsWiped(Two what) throws Exception {
    Assumptions.assumeTrue(what.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("Galera: " + what.words);
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      for (int round = 0; round < ROUNDS; round++) {
        shop.awaitWhole(3);
        long from = 2 * Writer.SHARE * round;
        try (Writer writer = new Writer(shop, from)) {
          writer.await(100);
          crashTwo(shop, what);
          writer.await(100);
          writer.end();
          faults.add(shop, writer, from);
        }
      }
      shop.awaitWhole(3);
    }
    faults.write();
  }

  private static void crashTwo(ManagedCluster shop, Two what) throws Exception {
    String writes = shop.writer();
    String other = other(shop, writes, "");
    String wiped = what == Two.WRITER_WIPED ? writes : other;
    int before = shop.begun().size();
    shop.manager().pause("test");
    shop.kill(other);
    TimeUnit.MILLISECONDS.sleep(200); // the second comes while the first is being left out
    shop.kill(writes);
    shop.await("both have ended", () -> shop.pid(other) + shop.pid(writes) == 0);
    remove(away(shop, wiped));
    Path _ = Files.move(shop.data(wiped), away(shop, wiped));
    assertThat(shop.wiped(wiped)).isTrue();
    shop.manager().resume("test");
    if (what == Two.WRITER_WIPED) {
      shop.await("it is said", () -> shop.managed().doing().startsWith(writes + " may have what"));
      TimeUnit.MILLISECONDS.sleep(700); // nothing may happen, so there is nothing to wait for
      assertThat(shop.begun()).hasSize(before);
      remove(shop.top(writes).resolve("wiped"));
      Path _ = Files.move(shop.data(writes), shop.top(writes).resolve("wiped"));
      giveBack(shop, writes);
    }
    shop.await("somebody begins", () -> shop.begun().size() > before);
    shop.await("somebody takes the writes", () -> isWritten(shop));
    assertThat(shop.begun()).as("begun anew, %s", shop.trouble()).hasSize(before + 1);
    if (what == Two.OTHER_WIPED) {
      assertThat(shop.begun().getLast())
          .as("who begins, of which %s was wiped", wiped)
          .matches("no part .* and [^" + wiped + "] begins it anew at .*");
      isLeftAsItIs(shop, wiped);
    }
  }

  private static boolean isWritten(ManagedCluster shop) {
    try {
      shop.write("create or replace table shop.other(id bigint primary key)");
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  private static String other(ManagedCluster shop, String one, String two) {
    return shop.ports.keySet().stream()
        .filter(name -> !name.equals(one) && !name.equals(two))
        .findFirst()
        .orElseThrow();
  }

  /** Who is killed while a member gets all of the data from another. */
  enum Copy {
    COPYING_KILLED("a member is killed while it gets all of the data"),
    GIVING_KILLED("a member is killed while it gives all of its data");

    private final String words;

    Copy(String words) {
      this.words = words;
    }
  }

  /** What is half a copy is nothing, and begins nothing; both come back. */
  @ParameterizedTest
  @EnumSource(Copy.class)
  void aCopyIsTorn(Copy what) throws Exception {
    Assumptions.assumeTrue(what.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("Galera: " + what.words);
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      shop.write(
          "create table shop.ballast(id bigint primary key, text longtext) as select seq as id,"
              + " repeat(md5(seq), 600) as text from shop.seq_1_to_6000"); // so that it takes a
      // while
      for (int round = 0; round < ROUNDS; round++) {
        shop.awaitWhole(3);
        String writes = shop.writer();
        String copies = other(shop, writes, "");
        String gives = other(shop, writes, copies);
        int before = shop.begun().size();
        long from = 2 * Writer.SHARE * round;
        try (Writer writer = new Writer(shop, from)) {
          writer.await(100);
          shop.manager().reinit(copies);
          shop.await("it is copied", () -> isCopying(shop, copies));
          shop.await("it gives its data", () -> gives(shop, gives));
          assertThat(isCopying(shop, copies)).as("still").isTrue();
          assertThat(gives(shop, writes)).as("the writer gives its data").isFalse();
          shop.kill(what == Copy.COPYING_KILLED ? copies : gives);
          shop.awaitWhole(3);
          writer.await(200);
          writer.end();
          faults.add(shop, writer, from);
        }
        assertThat(shop.begun().subList(before, shop.begun().size()))
            .as("who had half a copy begins nothing")
            .noneMatch(why -> why.contains("and " + copies + " begins"));
      }
    }
    faults.write();
  }

  /** As Galera does when something went wrong: the server runs on, and belongs to nothing. */
  @Test
  void whoHasLeftComesBack() throws Exception {
    Assumptions.assumeTrue("LEFT".matches(FAULTS), "not asked for");
    DatabaseFaults faults =
        new DatabaseFaults("Galera: a member, or the writer, leaves the cluster and runs on");
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      for (int round = 0; round < 2; round++) {
        String leaves = round == 0 ? other(shop, shop.writer(), "") : shop.writer();
        long pid = shop.pid(leaves);
        long from = 2 * Writer.SHARE * round;
        try (Writer writer = new Writer(shop, from)) {
          writer.await(100);
          String _ = shop.root(leaves, "set global wsrep_cluster_address=''");
          shop.await("it is restarted", () -> shop.pid(leaves) != pid);
          shop.awaitWhole(3);
          writer.await(100);
          writer.end();
          faults.add(shop, writer, from);
        }
      }
    }
    faults.write();
  }

  private static boolean isCopying(ManagedCluster shop, String member) {
    return shop.pid(member) != 0 && Files.exists(shop.data(member).resolve("sst_in_progress"));
  }

  private static boolean gives(ManagedCluster shop, String member) {
    return shop.view().members().stream()
        .anyMatch(
            one -> one.node().name().equals(member) && one.role().why().contains("gives its data"));
  }
}
