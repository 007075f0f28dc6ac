package io.fairlead.group;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether what clients saw of a store can be explained by each call having happened at one moment
 * between its beginning and its end [1].
 *
 * <p>Keys are independent, so each is looked at alone: a register with put, delete and
 * compare-and-set. The search goes through the calls in the order in which they began and ended,
 * takes one that may be next, and goes back when it finds an end whose call cannot be placed; what
 * has been tried before with the same calls placed and the same value is not tried again [2], and
 * what changes nothing is placed as soon as it fits. A call whose answer was lost may have happened
 * at any time after it began. Of such calls that come to the same, as nobody has seen the values
 * that they put, the one that began first is taken first: it can be wherever another of them can.
 *
 * <p>[1] M. Herlihy, J. Wing, Linearizability: A Correctness Condition for Concurrent Objects,
 * TOPLAS 12(3), 1990. [2] J. Wing, C. Gong, Testing and Verifying Concurrent Objects, JPDC 17,
 * 1993; G. Lowe, Testing for Linearizability, CCPE 29(4), 2017.
 */
public final class Linearizability {
  /** An end that never came. */
  public static final long NEVER = Long.MAX_VALUE;

  /** More than that takes more memory than a test has. */
  private static final int MOST_TRIED = 3_000_000;

  private static final String UNSEEN = "a value that nobody has seen";

  private Linearizability() {}

  /** What was called. */
  public enum Kind {
    READ,
    PUT,
    CAS,
    DELETE
  }

  /**
   * One call.
   *
   * @param begin when it began
   * @param end when its answer came; {@link #NEVER}: it did not
   * @param expected of a compare-and-set: the value that must be there; null: nothing
   * @param value that was read, put or set; null: nothing
   * @param done of a compare-and-set: whether it said that it was made
   */
  public record Call(
      String key,
      long begin,
      long end,
      Kind kind,
      @Nullable String expected,
      @Nullable String value,
      boolean done) {
    /** The value after it; or itself again: it could not have happened so. */
    @Nullable String apply(@Nullable String state) {
      return switch (kind) {
        case READ -> state;
        case PUT -> value;
        case DELETE -> null;
        case CAS -> Objects.equals(state, expected) && (done || end == NEVER) ? value : state;
      };
    }

    /** It changes nothing, whatever the value is. */
    boolean isSilent() {
      return kind == Kind.READ || (kind == Kind.CAS && !done && end != NEVER);
    }

    boolean fits(@Nullable String state) {
      if (end == NEVER) {
        return true; // nothing was said
      }
      return switch (kind) {
        case READ -> Objects.equals(state, value);
        case PUT, DELETE -> true;
        case CAS -> done == Objects.equals(state, expected);
      };
    }
  }

  /** A key that cannot be explained; null: all can. */
  public static @Nullable String violation(List<Call> history) {
    Map<String, List<Call>> byKey = new TreeMap<>();
    for (Call call : history) {
      if (call.end() != NEVER || call.kind() != Kind.READ) {
        byKey.computeIfAbsent(call.key(), _ -> new ArrayList<>()).add(call);
      }
    }
    for (Map.Entry<String, List<Call>> one : byKey.entrySet()) {
      if (!explains(one.getValue())) {
        return one.getKey();
      }
    }
    return null;
  }

  /** A beginning or an end in the order of time. */
  private static final class Moment {
    final int call;
    final long time;
    final boolean begins;
    @Nullable Moment end;
    @Nullable Moment before;
    @Nullable Moment after;

    Moment(int call, long time, boolean begins) {
      this.call = call;
      this.time = time;
      this.begins = begins;
    }

    void takeOut() {
      link(Objects.requireNonNull(before), after);
    }

    void putBack() {
      link(Objects.requireNonNull(before), this);
      link(this, after);
    }

    static void link(Moment first, @Nullable Moment second) {
      first.after = second;
      if (second != null) {
        second.before = first;
      }
    }
  }

  /**
   * What has led nowhere.
   *
   * @param needed whether the next call has to need the last one
   * @param before the value before the last one, if so
   */
  private record Tried(
      BitSet placed, @Nullable String state, boolean needed, @Nullable String before) {}

  /**
   * A call that was placed.
   *
   * @param moment null: nobody knows whether it happened
   * @param next of those, the one to be tried after it
   * @param before how it was before
   * @param silent it changed nothing: whatever can follow without it can follow it
   */
  private record Placed(
      @Nullable Moment moment, int call, int next, State before, boolean silent) {}

  /**
   * Where the search stands.
   *
   * @param needed whether the next call has to need the last one
   * @param before the value before the last one, if so
   */
  private record State(@Nullable String value, boolean needed, @Nullable String before) {
    /** Whether that call may be the next. */
    boolean allows(Call call) {
      if (!call.fits(value)) {
        return false;
      }
      return !needed
          || switch (call.kind()) {
            case PUT, DELETE -> false;
            case READ, CAS -> call.end() == NEVER || !call.fits(before);
          };
    }
  }

  /** Values that nobody has seen are one and the same. */
  private static List<Call> withoutUnseen(List<Call> calls) {
    Set<String> seen = new HashSet<>();
    for (Call call : calls) {
      String read = call.kind() == Kind.READ ? call.value() : call.expected();
      if (read != null) {
        seen.add(read);
      }
    }
    List<Call> without = new ArrayList<>(calls.size());
    for (Call call : calls) {
      String value = call.value();
      without.add(
          value == null || seen.contains(value)
              ? call
              : new Call(
                  call.key(),
                  call.begin(),
                  call.end(),
                  call.kind(),
                  call.expected(),
                  UNSEEN,
                  call.done()));
    }
    return without;
  }

  /** Whether one that comes to the same is before it and not placed. */
  private static boolean hasTwin(
      List<Call> calls, List<Integer> unknown, int index, BitSet placed) {
    Call own = calls.get(unknown.get(index));
    for (int i = 0; i < index; i++) {
      Call other = calls.get(unknown.get(i));
      if (!placed.get(unknown.get(i))
          && other.kind() == own.kind()
          && Objects.equals(other.expected(), own.expected())
          && Objects.equals(other.value(), own.value())) {
        return true;
      }
    }
    return false;
  }

  private static boolean explains(List<Call> history) {
    List<Call> calls = withoutUnseen(history);
    List<Integer> unknown = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      if (calls.get(i).end() == NEVER) {
        unknown.add(i);
      }
    }
    unknown.sort(Comparator.comparingLong(index -> calls.get(index).begin()));
    Moment head = line(calls);
    BitSet placed = new BitSet(calls.size());
    Set<Tried> tried = new HashSet<>();
    List<Placed> stack = new ArrayList<>();
    State state = new State(null, false, null);
    Moment at = head.after;
    int next = 0; // of those that nobody knows of
    boolean silentFirst = true;
    while (head.after != null) {
      Moment here = Objects.requireNonNull(at); // the last one is an end
      int call = -1;
      if (silentFirst) {
        if (!here.begins) {
          silentFirst = false;
          at = head.after;
          continue;
        }
        Call one = calls.get(here.call);
        at = here.after;
        if (one.isSilent() && state.allows(one)) {
          stack.add(new Placed(here, here.call, 0, state, true));
          placed.set(here.call);
          state = new State(state.value(), false, null);
          here.takeOut();
          Objects.requireNonNull(here.end).takeOut();
          at = head.after;
        }
        continue;
      }
      if (here.begins) {
        if (state.allows(calls.get(here.call))) {
          call = here.call;
        } else {
          at = here.after;
          continue;
        }
      } else {
        while (call < 0 && next < unknown.size()) {
          int index = next++;
          int one = unknown.get(index);
          Call lost = calls.get(one);
          if (!placed.get(one)
              && lost.begin() <= here.time
              && !hasTwin(calls, unknown, index, placed)
              && state.allows(lost)
              && !Objects.equals(lost.apply(state.value()), state.value())) {
            call = one;
          }
        }
      }
      if (call >= 0) {
        Call made = calls.get(call);
        State after =
            new State(
                made.apply(state.value()),
                made.end() == NEVER,
                made.end() == NEVER ? state.value() : null);
        BitSet with = (BitSet) placed.clone();
        with.set(call);
        if (tried.add(new Tried(with, after.value(), after.needed(), after.before()))) {
          if (tried.size() > MOST_TRIED) {
            throw new IllegalStateException(
                "too many ways to explain the calls of a key: " + history);
          }
          stack.add(new Placed(here.begins ? here : null, call, next, state, false));
          silentFirst = true;
          placed.set(call);
          state = after;
          if (here.begins) {
            here.takeOut();
            Objects.requireNonNull(here.end).takeOut();
          }
          at = head.after;
          next = 0;
        } else if (here.begins) {
          at = here.after;
        }
        continue;
      }
      Placed last;
      do {
        if (stack.isEmpty()) {
          return false;
        }
        last = stack.removeLast();
        state = last.before();
        placed.clear(last.call());
        Moment moment = last.moment();
        if (moment != null) {
          Objects.requireNonNull(moment.end).putBack();
          moment.putBack();
        }
      } while (last.silent());
      Moment moment = last.moment();
      at = moment == null ? head.after : moment.after;
      next = moment == null ? last.next() : 0;
      while (moment == null && at != null && at.begins) {
        at = at.after;
      }
    }
    return true;
  }

  private static Moment line(List<Call> calls) {
    List<Moment> moments = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      if (calls.get(i).end() == NEVER) {
        continue; // it has no place of its own
      }
      Moment begin = new Moment(i, calls.get(i).begin(), true);
      Moment end = new Moment(i, calls.get(i).end(), false);
      begin.end = end;
      moments.add(begin);
      moments.add(end);
    }
    // What ends when another begins may still have been at the same time.
    moments.sort(
        Comparator.<Moment>comparingLong(moment -> moment.time)
            .thenComparing(moment -> !moment.begins));
    Moment head = new Moment(-1, Long.MIN_VALUE, false);
    Moment last = head;
    for (Moment moment : moments) {
      Moment.link(last, moment);
      last = moment;
    }
    return head;
  }
}
