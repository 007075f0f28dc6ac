package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.replication.manage.MemberSql.Member;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two instances that both believe to decide, and a member that hears both: the older is refused.
 */
class MemberOrderTest {
  private static final Member PRIMARY = new Member("a", new HostPort("127.0.0.1", 1));
  private static final VoterRule RULE = VoterRule.of(List.of("b", "c"), 1);

  /** A member of which only its promises and names are played; the rest is told as wanted. */
  private static final class Played implements Sql {
    final List<String> set = Collections.synchronizedList(new ArrayList<>());
    String term = "4";
    String change = "0";

    /** As set, which nobody goes by before they have been read again. */
    String setNames = "";

    String names = "";
    String waits = "";

    /** On which timeline its last rule was written; 0: that is not known. */
    String written = "0";

    String stray = "off";

    String damage = "";
    int promotions;
    int resumed;
    int silent;
    int ended;

    /**
     * What it is seen at, one after the other: receiver, waits to try again, replayed, recovers.
     */
    final Deque<String> seen = new ArrayDeque<>();

    int opened;
    int closed;
    boolean broken;

    @Override
    public Session open(HostPort address, String user, Secret password, Duration timeout) {
      opened++;
      return new Session() {
        @Override
        public List<@Nullable String> row(String question, Duration patience) throws IOException {
          if (broken) {
            broken = false;
            throw new IOException("has been started anew");
          }
          if (question.contains("'walreceiver'") && !seen.isEmpty()) {
            return List.of(seen.remove().split(""));
          }
          if (question.contains("from pg_current_wal_lsn()")) {
            return List.of("0/200", "512");
          }
          return question.contains("pg_last_wal_replay_lsn(), '0/0')")
              ? List.of("3", "500", "4", written)
              : List.of(answer(question));
        }

        @Override
        public void close() {
          closed++;
        }
      };
    }

    private String answer(String question) throws IOException {
      if (question.startsWith("alter system set ")) {
        set.add(question.substring("alter system set ".length()));
        String value = question.substring(question.indexOf('\'') + 1, question.length() - 1);
        if (question.contains("fairlead.change")) {
          change = value;
        } else if (question.contains("fairlead.term")) {
          term = value;
        } else if (question.contains("synchronous_standby_names")) {
          setNames = value;
        }
        return "";
      }
      if (question.contains("pg_reload_conf")) {
        names = setNames;
        return "t";
      }
      if (question.contains("pg_read_file('pg_wal/00000003.history')")) {
        return "1:200 2:450";
      }
      if (question.contains("current_setting('fairlead.stray'")) {
        return stray;
      }
      if (question.contains("pg_is_wal_replay_paused")) {
        return waits;
      }
      if (question.contains("pg_wal_replay_resume")) {
        resumed++;
        return "";
      }
      if (question.contains("'walreceiver'")) {
        throw new IOException("is not played");
      }
      if (question.startsWith("select (select max(('x'")) {
        return "3";
      }
      if (question.contains("'../damaged'")) {
        return damage;
      }
      if (question.contains("pg_promote")) {
        promotions++;
        throw new IOException("is not played");
      }
      if (question.contains("select pg_is_in_recovery()")) {
        return "t";
      }
      if (question.contains("pg_try_advisory_lock")) {
        return silent > ended ? "f" : "t";
      }
      if (question.contains("pg_terminate_backend(pid)) from pg_locks")) {
        ended++;
        return "1";
      }
      if (question.contains("fairlead\\.change")) {
        return change;
      }
      if (question.contains("fairlead\\.term")) {
        return term;
      }
      if (question.contains("current_setting('synchronous_standby_names')")) {
        return names;
      }
      if (question.contains("count(distinct application_name)")) {
        return "1";
      }
      return question.startsWith("select count(*)") ? "0" : "";
    }
  }

  private final Played played = new Played();
  private final MemberSql sql;

  MemberOrderTest() throws IOException {
    sql = new MemberSql(played, Logins.parse("00ff"));
  }

  @Test
  void namesOfALaterChangeStay() {
    assertThat(sql.changeNames(PRIMARY, RULE, Set.of("a", "b", "c"), 4, 8)).isNull();
    assertThat(played.change).isEqualTo("8");
    assertThat(played.names).isEqualTo("ANY 1 (b, c)");
    played.set.clear();
    VoterRule older = VoterRule.of(List.of("b"), 1);
    assertThat(sql.changeNames(PRIMARY, older, Set.of("a", "b", "c"), 4, 7))
        .contains("has been told of a later change");
    assertThat(played.set).isEmpty();
    assertThat(played.names).isEqualTo("ANY 1 (b, c)");
  }

  /** One whose last checkpoint is of before its promotion seems not to have been promoted. */
  @Test
  void whoIsGoneBackToHasMadeACheckpointOnItsTimeline() throws IOException {
    List<String> asked = new ArrayList<>();
    String[] same = {"t"};
    Sql.Session primary =
        new Sql.Session() {
          @Override
          public List<@Nullable String> row(String question, Duration patience) {
            asked.add(question);
            return List.of(question.startsWith("select not pg_is_in_recovery()") ? same[0] : "7");
          }

          @Override
          public void close() {}
        };
    assertThat(MemberSql.checkpoint(primary)).isEqualTo(7);
    assertThat(asked.getFirst()).isEqualTo("checkpoint");
    same[0] = "f";
    assertThatThrownBy(() -> MemberSql.checkpoint(primary)).hasMessageContaining("no checkpoint");
  }

  @Test
  void anOlderTermIsRefused() {
    assertThat(sql.changeNames(PRIMARY, RULE, Set.of("a", "b", "c"), 3, 9))
        .contains("Outvoted[higher=4]");
    assertThat(sql.follow(PRIMARY, PRIMARY, 3)).isEqualTo("has promised term 4");
    assertThat(played.set).isEmpty();
  }

  /** Whoever has it promoted may have seen it before the damage was known. */
  @Test
  void whoIsDamagedIsNotPromotedWhateverWasBelieved() {
    played.damage = "copy block 7 of base/5/1";
    assertThat(sql.promote(PRIMARY, 5, 4).toString()).contains("has a damaged page: block 7");
    played.damage = "accepted block 7 of base/5/1";
    played.promotions = 0;
    Failover.Answer _ = sql.promote(PRIMARY, 6, 4);
    assertThat(played.promotions).isEqualTo(1);
  }

  /** Whoever waits would be waited for, and nobody could write. */
  @Test
  void whoeverReplaysLateHurriesForAnElection() {
    Failover.Answer _ = sql.revoke(PRIMARY, 5); // which the one that is played does not get to
    assertThat(played.set).doesNotContain("recovery_min_apply_delay = '0'");
    played.waits = "late";
    Failover.Answer _ = sql.revoke(PRIMARY, 6);
    assertThat(played.set).contains("recovery_min_apply_delay = '0'");
    assertThat(played.resumed).isZero();
    played.waits = "paused";
    Failover.Answer _ = sql.revoke(PRIMARY, 7);
    assertThat(played.resumed).isEqualTo(1);
  }

  @Test
  void whoeverWasStoppedWhileGivingOrdersIsNotWaitedFor() {
    played.silent = 2;
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isNull();
    assertThat(played.ended).isEqualTo(2);
    assertThat(played.term).isEqualTo("5");
  }

  @Test
  void whoHasAReceiverOrMayHaveOneStartedHasNotPromised() {
    played.seen.addAll(List.of("tftt", "fftt", "fttt", "tftt", "fttt", "ftft", "fttt", "fttt"));
    assertThat(sql.revoke(PRIMARY, 5))
        .isEqualTo(new Failover.Answer.Revoked("a", 5, new Failover.Position(4, 3, 500)));
    assertThat(played.seen).isEmpty();
    played.written = "2";
    played.seen.addAll(List.of("fttt", "fttt"));
    assertThat(sql.revoke(PRIMARY, 5))
        .as("what it has behind the timeline of its rule is not shared")
        .isEqualTo(new Failover.Answer.Revoked("a", 5, new Failover.Position(4, 3, 500, 450)));
    played.seen.addAll(List.of("fttt", "fttf"));
    assertThat(sql.revoke(PRIMARY, 6))
        .as("promoted meanwhile")
        .isInstanceOf(Failover.Answer.Failed.class);
  }

  /** It has a timeline whose number says nothing, and would acknowledge what it has not. */
  @Test
  void whoeverWasPromotedByHandFollowsNobodyBeforeItHasGoneBack() {
    played.stray = "3";
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isEqualTo(MemberSql.STRAYS);
    assertThat(sql.fastForward(PRIMARY, PRIMARY, 5))
        .isEqualTo(new Failover.Answer.Failed("a", 5, "a or a " + MemberSql.STRAYS));
    assertThat(played.set).doesNotContain("primary_conninfo = ''");
  }

  @Test
  void whoHasBegunThatTimelineAlreadyIsNotPromoted() {
    assertThat(sql.promote(PRIMARY, 5, 3))
        .isEqualTo(new Failover.Answer.Failed("a", 5, "has begun timeline 3 already"));
  }

  @Test
  void loginsAreKeptWhileTheWritesMoveAndReplacedWhenTheyAreOfNoUse() throws IOException {
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isNull();
    assertThat(played.closed).as("nothing moves").isEqualTo(1);
    sql.keep(true);
    sql.ready(PRIMARY);
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isNull();
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isNull();
    assertThat(played.opened).isEqualTo(2);
    played.broken = true;
    assertThat(sql.follow(PRIMARY, PRIMARY, 5)).isNull();
    assertThat(played.opened).isEqualTo(3);
    assertThat(played.closed).isEqualTo(2);
    sql.keep(false);
    assertThat(played.closed).isEqualTo(3);
  }

  @Test
  void onlyFromHostsOfTheGroupOneLogsInWhereThereIsOne() {
    assertThat(new MemberFolder.Door(Set.of(), "", Set.of()).text())
        .endsWith("host all all all scram-sha-256\n");
    assertThat(new MemberFolder.Door(Set.of(), "archivist", Set.of()).text())
        .contains("host replication archivist all scram-sha-256\n");
    assertThat(
            new MemberFolder.Door(Set.of("10.0.0.2", "fd00::1", "db-3.internal"), "", Set.of())
                .text())
        .isEqualTo(
            """
            # Written by Fairlead before each start.
            local all postgres peer map=owner
            host replication fairlead_replication samehost scram-sha-256
            host all all samehost scram-sha-256
            host replication fairlead_replication 10.0.0.2/32 scram-sha-256
            host all all 10.0.0.2/32 scram-sha-256
            host replication fairlead_replication db-3.internal scram-sha-256
            host all all db-3.internal scram-sha-256
            host replication fairlead_replication fd00::1/128 scram-sha-256
            host all all fd00::1/128 scram-sha-256
            """);
  }

  @Test
  void whoMayByTlsOnlyIsRefusedInTheClear() {
    assertThat(
            new MemberFolder.Door(Set.of(), "", new TreeSet<>(Set.of("probe", "postgres"))).text())
        .isEqualTo(
            """
            # Written by Fairlead before each start.
            local all postgres peer map=owner
            hostnossl all,replication "postgres","probe" all reject
            host replication fairlead_replication all scram-sha-256
            host all all all scram-sha-256
            """);
  }

  /** Whatever is set otherwise: of two lines the later counts. */
  @Test
  void whatNothingAcknowledgedIsLostByIsSetLast() {
    Map<String, String> theirs =
        Map.of(
            "synchronous_commit", "off",
            "restart_after_crash", "on",
            "default_transaction_read_only", "off",
            "wal_log_hints", "off",
            "port", "1");
    String text =
        MemberFolder.text(
            new MemberFolder.Settings(
                "a",
                new HostPort("127.0.0.1", 5501),
                theirs,
                "ANY 1 (b, c)",
                new Secret("secret"),
                new MemberFolder.Door(Set.of(), "", Set.of())),
            "");
    Map<String, String> last = new HashMap<>();
    text.lines()
        .map(line -> line.split(" = ", 2))
        .filter(pair -> pair.length == 2)
        .forEach(pair -> last.put(pair[0], pair[1]));
    assertThat(last)
        .containsEntry("synchronous_commit", "'on'")
        .containsEntry("restart_after_crash", "'off'")
        .containsEntry("default_transaction_read_only", "'on'")
        .containsEntry("wal_log_hints", "'on'")
        .containsEntry("port", "'5501'")
        .containsEntry("cluster_name", "'a'");
  }
}
