package io.fairlead.group;

import io.fairlead.telemetry.Event;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One instance of the group after another is replaced by a new process of the program that is now
 * in its place.
 *
 * <p>The plan is a value of the state, and nobody directs it: each instance acts when it is its
 * turn, and the process that has come in its place says that it is there. So it does not matter who
 * was asked, nor who is replaced or dies meanwhile. It ends at the first that fails, or that is not
 * replaced within {@link #PATIENCE}: one is away at a time, and never a second.
 */
public final class Upgrade {
  static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String PATH = "/upgrade";

  private final GroupState state;
  private final String process;
  private final LongSupplier nanos;
  private final LongSupplier millis;
  private final Consumer<Event> events;
  private volatile Hands hands = Hands.TIED;

  // Of the group's thread.
  private @Nullable Plan seen;
  private boolean looked;
  private long tried;
  private String turn = "";
  private long turnSince;

  /** What an instance can do for it. */
  public interface Hands {
    /** Of one that cannot be replaced. */
    Hands TIED =
        new Hands() {
          @Override
          public boolean isReady() {
            return true;
          }

          @Override
          public String obstacle() {
            return "it was not started by fairlead run";
          }

          @Override
          public void replace(Consumer<String> failed) {
            failed.accept(obstacle());
          }
        };

    /** Whether this process serves. */
    boolean isReady();

    /** Why this process cannot be replaced; empty: nothing is known to be in the way. */
    String obstacle();

    /**
     * Starts the process that replaces this one; does not wait for it.
     *
     * @param failed hears, once and by any thread, why this process goes on
     */
    void replace(Consumer<String> failed);
  }

  /**
   * One instance of the plan.
   *
   * @param process the one that is to be replaced
   * @param done whether another process is there in its place
   */
  record Step(String instance, String process, boolean done) {}

  /**
   * The plan, as it stands in the state.
   *
   * @param since milliseconds since 1970
   * @param failed why it has ended; empty: it has not, or all is done
   */
  record Plan(String who, long since, List<Step> steps, String failed) {
    @Nullable Step next() {
      return failed.isEmpty()
          ? steps.stream().filter(step -> !step.done()).findFirst().orElse(null)
          : null;
    }

    Plan done(String instance) {
      return new Plan(
          who,
          since,
          steps.stream()
              .map(step ->
                  step.instance().equals(instance)
                      ? new Step(instance, step.process(), true)
                      : step)
              .toList(),
          failed);
    }

    Plan failed(String why) {
      return new Plan(who, since, steps, why);
    }
  }

  /**
   * What there is to tell.
   *
   * @param who asked for it
   * @param since milliseconds since 1970
   * @param done instances whose new process is there, in their order
   * @param open instances that are not replaced, the next one first
   * @param failed why it has ended before its time; empty: it has not
   */
  public record View(String who, long since, List<String> done, List<String> open, String failed) {
    public View {
      done = List.copyOf(done);
      open = List.copyOf(open);
    }

    public boolean isRunning() {
      return failed.isEmpty() && !open.isEmpty();
    }
  }

  /**
   * What the group's thread knows at one look.
   *
   * @param instance this one
   * @param leads whether it leads
   * @param present processes of those that are there, by instance
   * @param current of all that are there, the group's configuration is in force
   */
  record Look(String instance, boolean leads, Map<String, String> present, boolean current) {}

  /** Looks. */
  interface Looking {
    Look look() throws GroupException;
  }

  Upgrade(
      GroupState state,
      String process,
      LongSupplier nanos,
      LongSupplier millis,
      Consumer<Event> events) {
    this.state = state;
    this.process = process;
    this.nanos = nanos;
    this.millis = millis;
    this.events = events;
  }

  /** This is how this process is replaced. */
  public void by(Hands own) {
    hands = own;
  }

  /** Why this process cannot be replaced; empty: nothing is known to be in the way. */
  public String obstacle() {
    return hands.obstacle();
  }

  /**
   * Begins.
   *
   * @param processes of those that are to be replaced, in order, by instance
   * @return false: one is under way
   * @throws GroupException if no majority answers
   */
  boolean begin(String who, Map<String, String> processes) throws GroupException {
    List<Step> steps = new ArrayList<>();
    processes.forEach((instance, old) -> steps.add(new Step(instance, old, false)));
    byte[] value = write(new Plan(who, millis.getAsLong(), steps, ""));
    GroupState.Entry entry = state.get(PATH);
    if (entry == null) {
      return state.create(PATH, value) != null;
    }
    return read(entry).next() == null && state.compareAndSet(PATH, value, entry.version()) != null;
  }

  /**
   * Ends it; an instance that is being replaced in this moment may yet be.
   *
   * @return false: none is under way
   * @throws GroupException if no majority answers
   */
  public boolean stop(String who) throws GroupException {
    return change(plan -> plan.next() == null ? null : plan.failed(who + " has stopped it"));
  }

  /**
   * The one under way, or the last; null: there was none.
   *
   * @throws GroupException if this instance does not know
   */
  public @Nullable View view() throws GroupException {
    GroupState.Entry entry = state.peek(PATH);
    if (entry == null) {
      return null;
    }
    Plan plan = read(entry);
    return new View(
        plan.who(),
        plan.since(),
        plan.steps().stream().filter(Step::done).map(Step::instance).toList(),
        plan.steps().stream().filter(step -> !step.done()).map(Step::instance).toList(),
        plan.failed());
  }

  private interface Edit {
    @Nullable Plan apply(Plan plan);
  }

  private boolean change(Edit edit) throws GroupException {
    while (true) {
      GroupState.Entry entry = state.get(PATH);
      Plan next = entry == null ? null : edit.apply(read(entry));
      if (entry == null || next == null) {
        return false;
      }
      if (state.compareAndSet(PATH, write(next), entry.version()) != null) {
        return true;
      }
    }
  }

  private static byte[] write(Plan plan) {
    return Greeting.write(plan).getBytes(StandardCharsets.UTF_8);
  }

  private static Plan read(GroupState.Entry entry) {
    return Greeting.read(entry, Plan.class);
  }

  // --- the group's thread ------------------------------------------------------------------

  void step(Looking looking) throws GroupException {
    GroupState.Entry entry = state.peek(PATH);
    if (entry == null) {
      looked = true;
      return;
    }
    Plan plan = read(entry);
    tell(plan);
    Step next = plan.next();
    if (next == null) {
      turn = "";
      return;
    }
    Look look = looking.look();
    if (!turn.equals(next.instance())) {
      turn = next.instance();
      turnSince = nanos.getAsLong();
    }
    if (next.instance().equals(look.instance())) {
      act(plan, next, look);
    }
    if (look.leads() && nanos.getAsLong() - turnSince > PATIENCE.toNanos()) {
      fail(plan, missing(plan, look.present().keySet()));
    }
  }

  private void act(Plan plan, Step own, Look look) throws GroupException {
    if (!own.process().equals(process)) {
      if (hands.isReady() && look.current()) {
        boolean _ = change(now -> now.since() == plan.since() ? now.done(own.instance()) : null);
      }
    } else if (tried != plan.since() && look.current() && areThere(plan, look.present().keySet())) {
      tried = plan.since();
      hands.replace(why -> {
        try {
          fail(plan, own.instance() + " was not replaced: " + why);
        } catch (GroupException e) {
          // Whoever leads sees that it takes too long.
        }
      });
    }
  }

  private static boolean areThere(Plan plan, Collection<String> present) {
    return plan.steps().stream().allMatch(step -> present.contains(step.instance()));
  }

  private static String missing(Plan plan, Collection<String> present) {
    Set<String> away = new TreeSet<>();
    plan.steps().forEach(step -> away.add(step.instance()));
    away.removeAll(present);
    Step next = Objects.requireNonNull(plan.next());
    return next.instance()
        + " was not replaced within "
        + PATIENCE.toMinutes()
        + " min"
        + (away.isEmpty() ? "" : ": " + String.join(", ", away) + " is not there");
  }

  private void fail(Plan plan, String why) throws GroupException {
    boolean _ =
        change(now -> now.since() == plan.since() && now.next() != null ? now.failed(why) : null);
  }

  /** What is new since the last look; of what was there before this process, nothing. */
  private void tell(Plan plan) {
    boolean first = !looked;
    Plan before = seen != null && seen.since() == plan.since() ? seen : null;
    looked = true;
    seen = plan;
    if (first) {
      return;
    }
    if (before == null) {
      events.accept(
          new Event.UpgradeBegan(plan.who(), plan.steps().stream().map(Step::instance).toList()));
    }
    for (Step step : plan.steps()) {
      if (step.done() && (before == null || !before.steps().contains(step))) {
        events.accept(new Event.UpgradeStep(step.instance()));
      }
    }
    if (plan.next() == null && (before == null || before.next() != null)) {
      events.accept(
          plan.failed().isEmpty() ? new Event.Upgraded() : new Event.UpgradeFailed(plan.failed()));
    }
  }
}
