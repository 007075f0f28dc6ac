package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.manage.GaleraBootstrap.Begin;
import io.fairlead.replication.manage.GaleraBootstrap.Decision;
import io.fairlead.replication.manage.GaleraBootstrap.Wait;
import io.fairlead.replication.manage.GaleraReport.At;
import io.fairlead.replication.manage.GaleraReport.Empty;
import io.fairlead.replication.manage.GaleraReport.Half;
import io.fairlead.replication.manage.GaleraReport.Unreadable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who begins a cluster anew, as a table; by chance in {@code GaleraHistoryTest}. */
class GaleraBootstrapTest {
  private static final String OURS = "11111111-1111-1111-1111-111111111111";
  private static final String OTHER = "22222222-2222-2222-2222-222222222222";
  private static final List<String> MEMBERS = List.of("a", "b", "c");

  private static GaleraState state(String holders, String past) {
    return GaleraState.founding("a", MEMBERS)
        .with(OURS)
        .withWriter("a", holders.isEmpty() ? Set.of() : Set.of(holders.split(" ", -1)))
        .withOrder(
            new GaleraState.Order("x", new GaleraPosition(OURS, 0), false),
            past.isEmpty() ? Set.of() : Set.of(past.split(" ", -1)))
        .withoutOrder();
  }

  /**
   * A number: that much; -: nothing; h: half; ?: cannot be read; o: other data; r5: runs with 5.
   */
  private static Decision decide(String holders, String past, String reports) {
    Map<String, GaleraReport> down = new LinkedHashMap<>();
    Map<String, GaleraPosition> running = new HashMap<>();
    String[] words = reports.split(" ", -1);
    for (int i = 0; i < words.length; i++) {
      String member = MEMBERS.get(i);
      switch (words[i]) {
        case "-" -> down.put(member, new Empty());
        case "h" -> down.put(member, new Half());
        case "?" -> down.put(member, new Unreadable(OURS, "it is broken"));
        case "o" -> down.put(member, new At(new GaleraPosition(OTHER, 900)));
        case "." -> {}
        default -> {
          if (words[i].startsWith("r")) {
            running.put(member, new GaleraPosition(OURS, Long.parseLong(words[i].substring(1))));
          } else {
            down.put(member, new At(new GaleraPosition(OURS, Long.parseLong(words[i]))));
          }
        }
      }
    }
    return GaleraBootstrap.decide(state(holders, past), MEMBERS, down, running);
  }

  @ParameterizedTest
  @CsvSource({
    "a,   '',  5 5 5,   a,  ''", // of several the one that wrote
    "a,   '',  5 7 6,   b,  ''", // others may have applied more than was acknowledged
    "a,   '',  5 - -,   a,  b c", // who has nothing is no obstacle
    "a,   '',  5 o 4,   a,  b", // nor who holds other data, which has the higher number
    "a,   '',  5 ? 4,   a,  b", // nor who cannot be read: but it may have a sixth
    "a,   '',  5 h 4,   a,  b",
    "a,   b,   5 9 4,   a,  b", // what it has more is another history
    "'',  '',  - 3 -,   b,  a c", // nothing was ever acknowledged
    "a b, '',  5 6 -,   b,  c",
    "a,   '',  5 r5 4,  b,  ''", // of several one that runs
    "a,   '',  6 r5 4,  a,  ''"
  })
  void begins(String holders, String past, String reports, String member, String left) {
    Decision decision = decide(holders, past, reports);
    assertThat(decision).isInstanceOf(Begin.class);
    if (decision instanceof Begin(GaleraState state, GaleraState.Order order)) {
      assertThat(order.member()).isEqualTo(member);
      assertThat(order.position().cluster()).isEqualTo(OURS);
      assertThat(order.running()).isEqualTo(reports.contains("r5") && member.equals("b"));
      assertThat(String.join(" ", state.past())).isEqualTo(left);
      assertThat(state.order()).contains(order);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "a,   '',  - 7 7,  a may have what was acknowledged and nobody else has: it has no data any more",
    "a,   '',  ? 7 7,  a may have .* it has data that cannot be read",
    "a,   '',  h 7 7,  a may have .* it has half a copy only",
    "a,   '',  o 7 7,  a may have .* it holds data of another cluster",
    "a,   a,   9 7 7,  a may have .* it was left behind before",
    "a b, '',  9 - 7,  b may have .* it has no data any more",
    "'',  '',  - - -,  no member has data of the cluster",
    "a,   '',  5 5 .,  it is being looked at what c have"
  })
  void waits(String holders, String past, String reports, String why) {
    Decision decision = decide(holders, past, reports);
    assertThat(decision).isInstanceOf(Wait.class);
    if (decision instanceof Wait(String said)) {
      assertThat(said).containsPattern(why);
    }
  }

  @Test
  void anOperatorMayBeginWithLessButNeverWithNothing() {
    Map<String, GaleraReport> reports =
        Map.of(
            "a", new Empty(),
            "b", new At(new GaleraPosition(OURS, 5)),
            "c", new At(new GaleraPosition(OURS, 7)));
    Decision decision = GaleraBootstrap.force(state("a", ""), MEMBERS, reports, Map.of(), "b");
    assertThat(decision).isInstanceOf(Begin.class);
    if (decision instanceof Begin(GaleraState state, GaleraState.Order order)) {
      assertThat(order.position()).hasToString(OURS + ":5");
      assertThat(state.past()).as("c has more: of another history").containsExactly("a", "c");
      assertThat(state.holders()).containsExactly("b");
    }
    assertThat(GaleraBootstrap.force(state("a", ""), MEMBERS, reports, Map.of(), "a"))
        .isEqualTo(new Wait("a has no data that a cluster can begin with"));
    assertThat(
            GaleraBootstrap.force(
                state("a", ""),
                MEMBERS,
                Map.of("b", new At(new GaleraPosition(OTHER, 9))),
                Map.of(),
                "b"))
        .isEqualTo(new Wait("b holds data of another cluster, " + OTHER));
  }

  @Test
  void theStateIsReadAsItWasWritten() throws Exception {
    GaleraState state =
        state("a b", "c")
            .withOrder(new GaleraState.Order("b", new GaleraPosition(OURS, 12), true), Set.of("a"))
            .withPaused(true);
    assertThat(GaleraState.parse(state.text())).isEqualTo(state);
    GaleraState first = GaleraState.founding("a", MEMBERS);
    assertThat(GaleraState.parse(first.text())).isEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource({
    "'uuid:    11111111-1111-1111-1111-111111111111\nseqno:   42\n', 42",
    "'uuid:    11111111-1111-1111-1111-111111111111\nseqno:   -1\n', ''",
    "'uuid:    00000000-0000-0000-0000-000000000000\nseqno:   7\n', ''",
    "'uuid:    1111\nseqno:   7\n', ''",
    "'\u0000\u0001 seqno: ', ''",
    "'', ''"
  })
  void whatAServerSaved(String text, String number) {
    GaleraPosition position = GaleraPosition.saved(text);
    assertThat(position == null ? "" : "" + position.number()).isEqualTo(number);
  }
}
