package io.fairlead.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DatabaseConfig.Writers;
import io.fairlead.config.DatabaseReads;
import io.fairlead.service.Role;
import io.fairlead.service.Sighting;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GaleraJudgeTest {
  /**
   * Members are written {@code S5/3} (ready, knows membership 5 of 3 nodes), {@code D5/3} (gives
   * its data to another), {@code O5/3} (read_only), {@code N} (not ready), {@code -} (down), {@code
   * ?} (not asked yet); {@code !} before it: of another cluster; {@code d} behind it: drains;
   * {@code +} behind it: told two seconds after the others.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // members             | writer | one  | all
        "S5/3 S5/3 S5/3        | ''     | WRR  | WWW",
        "S5/3 S5/3 S5/3        | c      | RRW  | WWW", // keeps it
        "S5/3 S5/3 N           | c      | WR.  | WW.",
        "S5/3 S5/3 -           | c      | WR.  | WW.",
        "D5/3 S5/3 S5/3        | ''     | RWR  | WWW", // not the donor
        "D5/3 S5/3 S5/3        | a      | WRR  | WWW", // but it need not give it up
        "O5/3 S5/3 S5/3        | a      | RWR  | RWW",
        "S5/3d S5/3 S5/3       | a      | RWR  | WWW",
        "N N N                 | a      | ...  | ...",
        "? S5/3 S5/3           | ''     | .RR  | .WW", // it may be the first choice
        "? S5/3 S5/3           | b      | .WR  | .WW",
        // cut off, and not aware of it
        "S5/3 S6/2 S6/2        | a      | WRR  | WWW", // a change takes its time
        "S5/3+ S6/2 S6/2       | a      | .WR  | .WW",
        // two parts
        "S5/1 S5/2 S5/2        | a      | ...  | ...",
        "S5/2 !S5/2            | a      | W.   | W.",
        "S5/2 !S5/2            | ''     | ..   | ..",
      })
  void whoTakesTheWrites(String members, String writer, String one, String all) {
    assertThat(roles(members, writer, Writers.ONE)).isEqualTo(one);
    assertThat(roles(members, writer, Writers.ALL)).isEqualTo(all);
    assertThat(roles(members, writer, Writers.AFFINITY)).isEqualTo(all);
  }

  private static String roles(String text, String writer, Writers writers) {
    List<Member> members = new ArrayList<>();
    for (String one : text.strip().split(" +", -1)) {
      members.add(member(Character.toString('a' + members.size()), one));
    }
    Term term = writer.isEmpty() ? Term.NONE : new Term("7", 0, writer);
    StringBuilder roles = new StringBuilder();
    Judgement judgement = GaleraJudge.judge(members, term, writers, DatabaseReads.DEFAULT);
    for (Role role : judgement.roles()) {
      roles.append(role.writes() ? 'W' : role.reads() ? 'R' : '.');
    }
    if (judgement.primary() >= 0) {
      assertThat(judgement.term().writer()).isEqualTo(members.get(judgement.primary()).name());
    }
    return roles.toString();
  }

  private static Member member(String name, String text) {
    boolean other = text.startsWith("!");
    String rest = other ? text.substring(1) : text;
    if (rest.equals("-")) {
      return new Member(name, false, false, null, 0, 0, OptionalLong.empty(), OptionalLong.empty());
    }
    if (rest.equals("?")) {
      return new Member(name, true, false, null, 0, 0, OptionalLong.empty(), OptionalLong.empty());
    }
    int slash = rest.indexOf('/');
    boolean ready = !rest.equals("N");
    Sighting told =
        new Sighting.Galera(
            ready ? "" : "does not take queries (wsrep_ready)",
            other ? "8" : "7",
            ready ? Long.parseLong(rest.substring(1, slash)) : 0,
            ready ? rest.charAt(slash + 1) - '0' : 0,
            rest.startsWith("D"),
            rest.startsWith("O"),
            OptionalInt.empty());
    return new Member(
        name,
        true,
        rest.endsWith("d"),
        told,
        rest.endsWith("+") ? 2_000_000_010L : 10,
        10,
        OptionalLong.empty(),
        OptionalLong.empty());
  }
}
