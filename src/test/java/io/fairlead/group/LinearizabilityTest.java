package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.group.Linearizability.Call;
import io.fairlead.group.Linearizability.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The checker itself: what can be explained passes, and what was planted does not. A call is
 * written BEGIN-END KIND VALUE; the end {@code ?} never came; {@code cas A>B} was made, {@code cas
 * A!B} was refused, {@code -} is nothing.
 */
final class LinearizabilityTest {
  private static final List<Kind> KINDS = List.of(Kind.READ, Kind.PUT, Kind.CAS, Kind.DELETE);

  @ParameterizedTest
  @CsvSource({
    "'0-1 put a; 2-3 read a'",
    "'0-1 read -; 2-3 put a; 4-5 read a'",
    "'0-9 put a; 1-2 read -; 3-4 read a'", // it happened in between
    "'0-9 put a; 1-2 read a; 3-4 read a'",
    "'0-9 put a; 0-9 put b; 10-11 read a'",
    "'0-9 put a; 0-9 put b; 10-11 read b'",
    "'0-1 put a; 2-3 cas a>b; 4-5 read b'",
    "'0-1 put a; 2-9 cas a>b; 2-9 cas a!c; 10-11 read b'", // one of two wins
    "'0-1 put a; 2-? put b; 3-4 read a; 5-6 read b'", // no answer: later
    "'0-1 put a; 2-? put b; 3-4 read a; 5-6 read a'", // no answer: never
    "'0-1 put a; 2-? cas a>b; 3-4 read b; 5-6 cas b>c; 7-8 read c'",
    "'0-1 put a; 2-3 delete; 4-5 read -; 6-7 cas ->b; 8-9 read b'"
  })
  void canBeExplained(String history) {
    assertThat(Linearizability.violation(parse(history))).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "'0-1 put a; 2-3 read -'", // an acknowledged write is lost
    "'0-1 put a; 2-3 put b; 4-5 read a'", // a stale read
    "'0-9 put a; 1-2 read a; 3-4 read -'", // it was seen, and then not
    "'0-9 put a; 0-9 put b; 10-11 read a; 12-13 read b'", // two orders
    "'0-1 put a; 2-9 cas a>b; 2-9 cas a>c; 10-11 read b'", // both won
    "'0-1 put a; 2-3 cas a!b; 4-5 read a'", // refused without a reason
    "'0-1 put a; 2-3 read z'", // nobody wrote that
    "'0-1 put a; 2-3 delete; 4-5 read a'", // it is back
    "'0-1 put a; 2-? put b; 3-4 read b; 5-6 read a'", // once seen it has happened
    "'0-1 put a; 2-3 cas b>c; 4-5 read c'" // made upon a value that was not there
  })
  void whatWasPlantedIsFound(String history) {
    assertThat(Linearizability.violation(parse(history))).isEqualTo("k");
  }

  /** Histories of a register that is one; each then has one read changed to what was before. */
  @Test
  void everyPlantedStaleReadIsFoundInHistoriesThatAreSoundWithoutIt() {
    int planted = 0;
    for (int round = 0; round < 300; round++) {
      long seed = new SplittableRandom().nextLong();
      SplittableRandom random = new SplittableRandom(seed);
      List<Call> history = sound(random, 60);
      assertThat(Linearizability.violation(history)).as("seed %s", seed).isNull();
      List<Call> wrong = withStaleRead(history, random);
      if (wrong != null) {
        planted++;
        assertThat(Linearizability.violation(wrong)).as("seed %s: %s", seed, wrong).isEqualTo("k");
      }
    }
    assertThat(planted).isGreaterThan(100);
  }

  /** Small histories of any kind, most of them wrong, beside trying every order of every choice. */
  @Test
  void whatItSaysIsWhatTryingAllOrdersSays() {
    long seed = Long.getLong("fairlead.linearizability.seed", new SplittableRandom().nextLong());
    SplittableRandom random = new SplittableRandom(seed);
    int explained = 0;
    int lost = 0;
    for (int round = 0; round < 4_000; round++) {
      List<Call> history = any(random, 2 + random.nextInt(5));
      boolean right = allOrders(history, new BitSet(), null);
      explained += right ? 1 : 0;
      lost += history.stream().anyMatch(call -> call.end() == Linearizability.NEVER) ? 1 : 0;
      assertThat(Linearizability.violation(history) == null)
          .as("seed %s, round %s: %s", seed, round, history)
          .isEqualTo(right);
    }
    assertThat(explained).isBetween(400, 3_600);
    assertThat(lost).isGreaterThan(1_000);
  }

  private static List<Call> any(SplittableRandom random, int calls) {
    List<Call> history = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      long begin = random.nextInt(20);
      Kind kind = KINDS.get(random.nextInt(KINDS.size()));
      boolean lost = kind != Kind.READ && random.nextInt(3) == 0;
      long end = lost ? Linearizability.NEVER : begin + 1 + random.nextInt(8);
      String value = kind == Kind.DELETE ? null : "" + "abc".charAt(random.nextInt(3));
      String expected = random.nextInt(4) == 0 ? null : "" + "abc".charAt(random.nextInt(3));
      boolean done = !lost && (kind != Kind.CAS || random.nextBoolean());
      history.add(new Call("k", begin, end, kind, kind == Kind.CAS ? expected : null, value, done));
    }
    return history;
  }

  /** Whether the calls that are left can follow, in some order, with or without those lost. */
  private static boolean allOrders(List<Call> calls, BitSet placed, @Nullable String state) {
    long soonest = Long.MAX_VALUE; // of the ends that are left
    boolean all = true;
    for (int i = 0; i < calls.size(); i++) {
      if (!placed.get(i) && calls.get(i).end() != Linearizability.NEVER) {
        soonest = Math.min(soonest, calls.get(i).end());
        all = false;
      }
    }
    for (int i = 0; !all && i < calls.size(); i++) {
      Call call = calls.get(i);
      if (!placed.get(i) && call.begin() <= soonest && call.fits(state)) {
        placed.set(i);
        all = allOrders(calls, placed, call.apply(state));
        placed.clear(i);
      }
    }
    return all;
  }

  /** A hundred changes whose answers were lost, of which nobody knows which happened, and when. */
  @Test
  void manyThatWereLostAreNoTrouble() {
    List<Call> history = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 100; i++) {
      history.add(new Call("k", 10L * i, Linearizability.NEVER, Kind.PUT, null, "lost" + i, false));
      history.add(new Call("k", 10L * i, 10L * i + 25, Kind.PUT, null, "v" + i, true));
      history.add(new Call("k", 10L * i + 6, 10L * i + 9, Kind.CAS, "none", "w" + i, false));
    }
    // Some have happened long after they began, each in turn with one that is known.
    for (int i = 0; i < 20; i++) {
      long begin = 2000 + 20L * i;
      history.add(
          new Call(
              "k",
              begin,
              begin + 5,
              Kind.READ,
              null,
              "lost" + random.nextInt(5 * i, 5 * i + 5),
              true));
    }
    assertThat(Linearizability.violation(history)).isNull();
    history.add(new Call("k", 5000, 5001, Kind.READ, null, "v0", true));
    assertThat(Linearizability.violation(history)).isEqualTo("k");
  }

  /** Each refusal needs one that was lost, and it does not matter which: there are 24. */
  @Test
  void ofManyThatWereLostAndComeToTheSameEachIsAsGood() {
    StringBuilder history = new StringBuilder();
    for (int i = 0; i < 24; i++) {
      history.append(i).append("-? put lost").append(i).append("; ");
    }
    for (int i = 0; i < 24; i++) {
      int at = 100 + 10 * i;
      history.append(
          "%d-%d put v%d; %d-%d cas v%d!x; ".formatted(at, at + 1, i, at + 2, at + 3, i));
    }
    assertThat(Linearizability.violation(parse(history + "900-901 read -"))).isEqualTo("k");
    assertThat(Linearizability.violation(parse(history + "900-901 delete; 902-903 read -")))
        .isNull();
    assertThat(Linearizability.violation(parse(history + "900-901 put w; 902-903 cas w!x")))
        .isEqualTo("k");
  }

  /** Thirty clients of one key: what reads have seen tells how it was. */
  @Test
  void manyAtOnceAreNoTrouble() {
    SplittableRandom random = new SplittableRandom(9);
    record Planned(int client, long begin, long at, long end) {}
    List<Planned> plan = new ArrayList<>();
    for (int client = 0; client < 30; client++) {
      long time = 0;
      for (int i = 0; i < 12; i++) {
        long at = time + random.nextInt(1, 100);
        long end = at + random.nextInt(1, 100);
        plan.add(new Planned(client, time, at, end));
        time = end;
      }
    }
    plan.sort(Comparator.comparingLong(Planned::at));
    List<Call> history = new ArrayList<>();
    Map<Integer, String> seen = new HashMap<>();
    String value = null;
    for (Planned one : plan) {
      String next = "v" + history.size();
      String known = seen.get(one.client());
      Call made =
          switch (random.nextInt(10)) {
            case 0, 1 -> new Call("k", one.begin(), one.end(), Kind.PUT, null, next, true);
            case 2, 3, 4 ->
                new Call(
                    "k",
                    one.begin(),
                    one.end(),
                    Kind.CAS,
                    known,
                    next,
                    Objects.equals(known, value));
            case 5 -> new Call("k", one.begin(), one.end(), Kind.DELETE, null, null, true);
            default -> new Call("k", one.begin(), one.end(), Kind.READ, null, value, true);
          };
      history.add(made);
      value = made.apply(value);
      if (made.kind() != Kind.CAS) {
        seen.put(one.client(), value);
      }
    }
    assertThat(Linearizability.violation(history)).isNull();
  }

  /** Each call happens at a moment that is drawn between its beginning and its end. */
  private static List<Call> sound(SplittableRandom random, int calls) {
    List<Call> history = new ArrayList<>();
    String state = null;
    for (int i = 0; i < calls; i++) {
      long moment = 100L * i;
      long begin = moment - random.nextInt(150);
      long end = moment + 1 + random.nextInt(150);
      String value = "v" + i;
      switch (random.nextInt(4)) {
        case 0 -> {
          history.add(new Call("k", begin, end, Kind.PUT, null, value, true));
          state = value;
        }
        case 1 -> history.add(new Call("k", begin, end, Kind.READ, null, state, true));
        case 2 -> {
          history.add(new Call("k", begin, end, Kind.CAS, state, value, true));
          state = value;
        }
        default -> history.add(new Call("k", begin, end, Kind.CAS, "other", value, false));
      }
    }
    return history;
  }

  /** A read far behind two writes that follow each other without overlapping sees the first. */
  private static @Nullable List<Call> withStaleRead(List<Call> history, SplittableRandom random) {
    List<Call> writes =
        history.stream().filter(call -> call.kind() != Kind.READ && call.done()).toList();
    if (writes.size() < 6) {
      return null;
    }
    Call first = writes.get(random.nextInt(writes.size() - 5));
    long end = history.stream().mapToLong(Call::end).max().orElse(0);
    List<Call> wrong = new ArrayList<>(history);
    wrong.add(new Call("k", end + 1, end + 2, Kind.READ, null, first.value(), true));
    return wrong;
  }

  private static List<Call> parse(String history) {
    List<Call> calls = new ArrayList<>();
    for (String line : history.split("; ", -1)) {
      String[] words = line.strip().split(" ", -1);
      String[] times = words[0].split("-", 2);
      long end = times[1].equals("?") ? Linearizability.NEVER : Long.parseLong(times[1]);
      long begin = Long.parseLong(times[0]);
      String value = words.length > 2 ? words[2] : "-";
      calls.add(
          switch (words[1]) {
            case "put" -> new Call("k", begin, end, Kind.PUT, null, value, true);
            case "read" -> new Call("k", begin, end, Kind.READ, null, nothing(value), true);
            case "delete" -> new Call("k", begin, end, Kind.DELETE, null, null, true);
            default -> {
              String[] parts = value.split("[>!]", 2);
              yield new Call(
                  "k", begin, end, Kind.CAS, nothing(parts[0]), parts[1], value.contains(">"));
            }
          });
    }
    return calls;
  }

  private static @Nullable String nothing(String text) {
    return text.equals("-") ? null : text;
  }
}
