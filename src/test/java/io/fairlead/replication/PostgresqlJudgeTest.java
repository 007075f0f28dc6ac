package io.fairlead.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DatabaseReads;
import io.fairlead.service.Role;
import io.fairlead.service.Sighting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresqlJudgeTest {
  private static final DatabaseReads READS =
      new DatabaseReads(Duration.ofSeconds(10), 16 << 20, false);

  /**
   * Members are written {@code P3@500} (takes writes on timeline 3, has written up to 500), {@code
   * R3@400} (replays timeline 3), {@code -} (down), {@code ?} (not asked yet); {@code <400} behind
   * a claim: was seen as a replica at 400; {@code !} before it: of other data; {@code ~} before it:
   * told before the others became what they are.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // members             | known | judged  | roles
        "P1@500 R1@500         | 0     | first   | WRITES READS",
        "R1@500 P1@500         | 0     | second  | READS WRITES",
        "R1@500 R1@500         | 0     | nobody  | READS READS",
        "- R1@500              | 1     | nobody  | NONE READS",
        "? ?                   | 0     | nobody  | NONE NONE",
        "- P2@600              | 1     | second  | NONE WRITES",
        // a primary of the past, whoever else is there
        "P1@500 P2@600         | 2     | second  | NONE WRITES",
        "P1@500 -              | 2     | nobody  | NONE NONE",
        "P1@500 - R2@600       | 0     | nobody  | NONE NONE READS",
        "P1@500 P2@600 R2@600  | 1     | second  | NONE WRITES READS",
        // two of the present: only what is behind for certain gives way
        "P1@500 P2@600<500     | 1     | second  | NONE WRITES",
        "P1@501 P2@600<500     | 1     | dispute | NONE NONE",
        "P1@500 P2@600         | 1     | dispute | NONE NONE",
        "P1@500 P1@500         | 1     | dispute | NONE NONE",
        "P2@500<400 P2@500<400 | 1     | dispute | NONE NONE",
        "~P1@501 P2@600<500    | 1     | asks    | NONE NONE",
        // other data
        "P1@500 !P9@600        | 1     | alarm   | WRITES NONE",
        "P1@500 !R9@600        | 0     | nobody! | NONE NONE",
      })
  void whoTakesTheWrites(String members, long known, String judged, String roles) {
    Judgement judgement = judge(known, members.strip().split(" +"));
    String who =
        switch (judgement.primary()) {
          case 0 -> judgement.alarm().contains("another database") ? "alarm" : "first";
          case 1 -> "second";
          default ->
              judgement.why().endsWith("asked again")
                  ? "asks"
                  : judgement.alarm().contains("nobody gets any")
                      ? "dispute"
                      : judgement.alarm().contains("different data") ? "nobody!" : "nobody";
        };
    assertThat(who).isEqualTo(judged);
    List<String> given = new ArrayList<>();
    for (Role role : judgement.roles()) {
      given.add(role.writes() ? "WRITES" : role.reads() ? "READS" : "NONE");
    }
    assertThat(String.join(" ", given)).isEqualTo(roles);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0    | 0        | true  | 1 | ''",
        "9.9  | 16777216 | true  | 1 | ''",
        "10.1 | 0        | true  | 1 | is 10.1 s behind",
        "0    | 16777217 | true  | 1 | is 16.0 MiB behind",
        "-1   | 0        | true  | 1 | does not know how far it is behind",
        "0    | 0        | true  | 2 | receives timeline 2, but the primary writes 3",
        "0    | 0        | false | 2 | ''", // of the last checkpoint: says nothing
      })
  void whoMayBeRead(double lag, long behind, boolean follows, int timeline, String why) {
    int primary = timeline == 1 ? 1 : 3;
    Member replica =
        new Member(
            "b",
            true,
            false,
            new Sighting.Postgresql(
                true,
                "7",
                timeline,
                follows,
                400,
                lag < 0 ? OptionalDouble.empty() : OptionalDouble.of(lag)),
            10,
            1,
            OptionalLong.of(400),
            OptionalLong.of(behind));
    Judgement judgement =
        PostgresqlJudge.judge(
            List.of(member("a", "P" + primary + "@500"), replica), Term.NONE, READS);
    assertThat(judgement.roles().get(1))
        .isEqualTo(new Role(Role.Kind.REPLICA, false, why.isEmpty(), why));
  }

  @Test
  void thePrimaryIsReadOnlyIfThatWasAskedForAndNobodyElseMayBe() {
    List<Member> alone = List.of(member("a", "P1@500"), member("b", "-"));
    List<Member> both = List.of(member("a", "P1@500"), member("b", "R1@500"));
    DatabaseReads fallback = new DatabaseReads(Duration.ofSeconds(10), 16 << 20, true);
    assertThat(PostgresqlJudge.judge(alone, Term.NONE, READS).roles().getFirst().reads()).isFalse();
    assertThat(PostgresqlJudge.judge(alone, Term.NONE, fallback).roles().getFirst().reads())
        .isTrue();
    assertThat(PostgresqlJudge.judge(both, Term.NONE, fallback).roles().getFirst().reads())
        .isFalse();
  }

  @Test
  void whatHasBegunIsRemembered() {
    assertThat(judge(0, "P1@500", "R1@500").term()).isEqualTo(new Term("7", 1, ""));
    assertThat(judge(1, "-", "P2@500").term()).isEqualTo(new Term("7", 2, ""));
    assertThat(judge(2, "P1@500", "-").term()).isEqualTo(new Term("7", 2, ""));
  }

  /** Whatever they tell, one at most takes writes, and never one of the past. */
  @RepeatedTest(20)
  void neverTwo() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int round = 0; round < 500; round++) {
      List<Member> members = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(5); i++) {
        String[] kinds = {"P", "R", "-", "?", "~P", "!P", "!R"};
        String kind = kinds[random.nextInt(kinds.length)];
        String text =
            kind.endsWith("P") || kind.endsWith("R")
                ? kind + (1 + random.nextInt(4)) + "@" + random.nextInt(5) * 100
                : kind;
        if (text.contains("P") && random.nextBoolean()) {
          text += "<" + random.nextInt(5) * 100;
        }
        members.add(member("m" + i, text));
      }
      Term term = random.nextBoolean() ? Term.NONE : new Term("7", random.nextInt(5), "");
      Judgement judgement = PostgresqlJudge.judge(members, term, READS);
      long writers = judgement.roles().stream().filter(Role::writes).count();
      assertThat(writers).as("seed %d: %s", seed, members).isLessThanOrEqualTo(1);
      assertThat(judgement.term().number())
          .as("seed %d", seed)
          .isGreaterThanOrEqualTo(term.number());
      if (judgement.primary() >= 0) {
        assertThat(writers).isEqualTo(1);
        Sighting told = members.get(judgement.primary()).sighting();
        if (!(told instanceof Sighting.Postgresql primary)) {
          throw new AssertionError("seed " + seed + ": " + told);
        }
        assertThat(primary.timeline())
            .as("seed %d: %s", seed, members)
            .isGreaterThanOrEqualTo((int) term.number());
      }
    }
  }

  private static Judgement judge(long known, String... members) {
    List<Member> all = new ArrayList<>();
    for (String text : members) {
      all.add(member(Character.toString('a' + all.size()), text));
    }
    return PostgresqlJudge.judge(all, known == 0 ? Term.NONE : new Term("7", known, ""), READS);
  }

  private static Member member(String name, String text) {
    if (text.equals("-")) {
      return new Member(name, false, false, null, 0, 0, OptionalLong.empty(), OptionalLong.empty());
    }
    if (text.equals("?")) {
      return new Member(name, true, false, null, 0, 0, OptionalLong.empty(), OptionalLong.empty());
    }
    boolean early = text.startsWith("~");
    boolean other = text.startsWith("!");
    String rest = early || other ? text.substring(1) : text;
    int at = rest.indexOf('@');
    int was = rest.indexOf('<');
    boolean recovering = rest.charAt(0) == 'R';
    return new Member(
        name,
        true,
        false,
        new Sighting.Postgresql(
            recovering,
            other ? "8" : "7",
            Integer.parseInt(rest.substring(1, at)),
            recovering,
            Long.parseLong(rest.substring(at + 1, was < 0 ? rest.length() : was)),
            OptionalDouble.of(0)),
        early ? 3 : 10,
        5,
        was < 0 ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(rest.substring(was + 1))),
        OptionalLong.empty());
  }
}
