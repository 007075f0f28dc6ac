package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.group.Servers.Server;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Who should vote. Servers are digits; {@code *} behind one: it votes. {@code -}: none, or nothing
 * to change. Number 1 leads.
 */
final class MemberPlanTest {
  @ParameterizedTest
  @CsvSource({
    // now, wanted, present, away, emptied, next
    "1*,          1,       1,     -, -, -", // alone
    "1*,          12,      12,    -, -, 1*2", // two: one keeps the state only
    "1*2,         123,     123,   -, -, 1*2*3*", // three: all vote
    "1*,          123,     123,   -, -, 1*2*3*", // both at once
    "1*,          123,     12,    -, -, 1*2", // the third is not there yet
    "1*2*3*,      1234,    1234,  -, -, 1*2*3*4", // four: three vote
    "1*2*3*4,     12345,   12345, -, -, 1*2*3*4*5*",
    "1*2*3*4*5*,  123456,  123456, -, -, 1*2*3*4*5*6", // never more than five
    "1*2*3*,      123,     12,    -, -, -", // one is away for a moment
    "1*2*3*4,     1234,    124,   3, -, 1*2*34*", // for long: another gets its vote
    "1*2*3*,      123,     12,    3, -, 1*23", // and nobody else is there
    "1*2*3*,      12,      12,    -, -, 1*2", // three become two
    "1*2*3*,      1,       1,     -, -, 1*",
    "1*2*3*4*5*,  1234,    1234,  -, -, 1*2*3*4",
    "1*2*3*4*5*,  1235,    125,   -, -, 1*2*35*", // who is there rather than who is not
    "1*2*3*,      123,     12,    -, 3, 1*2*3", // has lost its state: no vote until it has it
    "1*2*3,       123,     12,    -, 3, -", // and the others keep theirs meanwhile
    "1*2*3,       123,     123,   -, 3, 1*2*3*", // it is back
    "1*2*3*,      23,      123,   -, -, 2*3" // the leader itself goes
  })
  void next(String now, String wanted, String present, String away, String emptied, String next) {
    assertThat(text(plan(now, wanted, present, away, emptied))).isEqualTo(next);
  }

  /** Whatever happens, the majority of before can still decide about the change. */
  @Test
  void neverLosesItsMajorityByItsOwnDoing() {
    long seed = new SplittableRandom().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    Servers now = servers("1*");
    for (int i = 0; i < 5_000; i++) {
      Map<Integer, Server> wanted = new TreeMap<>(servers("1").all());
      for (int number = 2; number <= 7; number++) {
        if (random.nextInt(4) > 0) {
          wanted.put(number, server(number, false));
        }
      }
      Set<Integer> present = new TreeSet<>(Set.of(1));
      for (int number = 2; number <= 7; number++) {
        if (random.nextInt(4) > 0) {
          present.add(number);
        }
      }
      Servers next = MemberPlan.next(now, wanted, present, Set.of(), Set.of(), 1);
      if (next == null) {
        continue;
      }
      assertThat(next.voters().size() % 2).as("seed %s: %s", seed, text(next)).isEqualTo(1);
      assertThat(next.voters().size()).isLessThanOrEqualTo(5);
      assertThat(next.voters())
          .as("seed %s: whoever decides keeps its vote", seed)
          .extracting(Server::number)
          .contains(1);
      assertThat(wanted.keySet()).containsAll(next.all().keySet());
      assertThat(MemberPlan.next(next, wanted, present, Set.of(), Set.of(), 1))
          .as("seed %s: what was planned is what is wanted", seed)
          .isNull();
      now = next;
    }
  }

  @Test
  void aKeeperThatIsNotCountedGoesRound() {
    Servers detour = MemberPlan.detour(servers("1*23"), servers("1*2*3*"));
    assertThat(text(detour)).isEqualTo("1*3");
    assertThat(MemberPlan.detour(servers("1*"), servers("1*"))).isNull();
  }

  private static @Nullable Servers plan(
      String now, String wanted, String present, String away, String emptied) {
    return MemberPlan.next(
        servers(now),
        servers(wanted).all(),
        servers(present).all().keySet(),
        servers(away).all().keySet(),
        servers(emptied).all().keySet(),
        1);
  }

  private static Server server(int number, boolean votes) {
    return new Server(number, new HostPort("127.0.0.1", 7000 + 10 * number), votes);
  }

  private static Servers servers(String text) {
    Map<Integer, Server> all = new TreeMap<>();
    for (int i = 0; i < text.length(); i++) {
      if (Character.isDigit(text.charAt(i))) {
        boolean votes = i + 1 < text.length() && text.charAt(i + 1) == '*';
        all.put(text.charAt(i) - '0', server(text.charAt(i) - '0', votes));
      }
    }
    return new Servers(0, all);
  }

  private static String text(@Nullable Servers servers) {
    if (servers == null) {
      return "-";
    }
    StringBuilder text = new StringBuilder();
    servers
        .all()
        .values()
        .forEach(each -> text.append(each.number()).append(each.votes() ? "*" : ""));
    return text.toString();
  }
}
