package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The instances to which clients can be sent, with what they say of themselves and what operators
 * say of them.
 *
 * <p>What an instance says is lent: it ends with the instance's presence in the group, so whoever
 * died is gone when its lease is. Where no majority is in reach, what was known last counts; what
 * this instance says of itself counts here in any case.
 */
public final class FrontEnds {
  private static final String FRONTS = "/fronts";
  private static final String DRAINS = "/drains";
  private static final String WORDS = "/dns";

  /** Looks at which it has to be away: one that begins a new session is away for a moment. */
  private static final int AWAY = 2;

  private final GroupState state;
  private final LongSupplier session;
  private final String site;
  private volatile Consumer<View> listener = _ -> {};
  private volatile boolean leaving;
  private volatile boolean cut = true;
  private volatile View view = View.NOTHING;
  private volatile CountDownLatch told = new CountDownLatch(0);

  // Of the group's thread.
  private final Map<String, Integer> away = new TreeMap<>();
  private boolean ready;

  /**
   * An instance to which clients can be sent.
   *
   * @param instance its name
   * @param addresses at which clients reach it
   * @param weight its share relative to the others
   * @param site where it stands; may be empty
   * @param draining whether it is to get no new clients
   */
  public record Front(
      String instance, List<String> addresses, int weight, String site, boolean draining) {
    public Front {
      addresses = List.copyOf(addresses);
    }
  }

  /**
   * What an operator says of a member of a name.
   *
   * @param name a balanced name
   * @param address of a member
   * @param word {@code up}, {@code down} or {@code drain}
   */
  public record Word(String name, String address, String word) {}

  /**
   * All of it.
   *
   * @param fronts by name, in order
   * @param drained instances that an operator has taken out
   * @param words of operators; null: never heard of any, since no majority was in reach yet
   */
  public record View(List<Front> fronts, Set<String> drained, @Nullable List<Word> words) {
    static final View NOTHING = new View(List.of(), Set.of(), null);

    public View {
      fronts = List.copyOf(fronts);
      drained = Set.copyOf(drained);
      words = words == null ? null : List.copyOf(words);
    }
  }

  /** What an instance says of itself, as it stands in the state. */
  private record Said(List<String> addresses, int weight, String site, boolean draining) {}

  /**
   * @param session which one of this instance's presence it is
   * @param site where this instance stands; may be empty
   */
  FrontEnds(GroupState state, LongSupplier session, String site) {
    this.state = state;
    this.session = session;
    this.site = site;
  }

  /** Tells what there is now, and each change of it; by a thread that must not be held up. */
  public void follow(Consumer<View> next) {
    listener = next;
    next.accept(view);
  }

  public View view() {
    return view;
  }

  /**
   * This instance gets no new clients from now on. Waits until the others know it, for as long as
   * that; where no majority is in reach it does not wait.
   */
  public void leave(long millis) throws InterruptedException {
    CountDownLatch latch = new CountDownLatch(cut ? 0 : AWAY);
    told = latch;
    leaving = true;
    boolean _ = latch.await(millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Says that an instance gets no new clients, until the contrary is said: also after it was
   * started anew.
   *
   * @return whether that is new
   * @throws GroupException if no majority answers
   */
  public boolean drain(String instance, boolean wanted) throws GroupException {
    String path = DRAINS + "/" + instance;
    state.ensure(DRAINS);
    return wanted ? state.create(path, new byte[0]) != null : state.delete(path, -1);
  }

  /**
   * Says what counts of a member of a name, in all instances.
   *
   * @param word null: what probes say
   * @throws GroupException if no majority answers
   */
  public void say(String name, String address, @Nullable String word) throws GroupException {
    while (true) {
      GroupState.Entry entry = state.get(WORDS);
      List<Word> words = new ArrayList<>(words(entry));
      words.removeIf(each -> each.name().equals(name) && each.address().equals(address));
      if (word != null) {
        words.add(new Word(name, address, word));
      }
      StringBuilder text = new StringBuilder();
      words.forEach(each ->
          text.append(each.name())
              .append(' ')
              .append(each.address())
              .append(' ')
              .append(each.word())
              .append('\n'));
      byte[] value = text.toString().getBytes(StandardCharsets.UTF_8);
      GroupState.Entry written =
          entry == null
              ? state.create(WORDS, value)
              : state.compareAndSet(WORDS, value, entry.version());
      if (written != null) {
        return;
      }
    }
  }

  private static List<Word> words(GroupState.@Nullable Entry entry) {
    if (entry == null) {
      return List.of();
    }
    List<Word> words = new ArrayList<>();
    for (String line : new String(entry.value(), StandardCharsets.UTF_8).split("\n", -1)) {
      String[] parts = line.split(" ", -1);
      if (parts.length == 3) {
        words.add(new Word(parts[0], parts[1], parts[2]));
      }
    }
    return words;
  }

  // --- the group's thread ------------------------------------------------------------------

  /** Says what there is to say of this instance, and hears of the others. */
  void step(GroupConfig own) throws GroupException {
    if (!ready) {
      state.ensure(FRONTS);
      state.ensure(DRAINS);
      ready = true;
    }
    cut = false;
    Set<String> drained = new TreeSet<>(state.names(DRAINS));
    Said said = said(own, drained.contains(own.instance()));
    show(own.instance(), said);
    Map<String, Front> fronts = new TreeMap<>();
    for (Front front : view.fronts()) {
      int looks = away.merge(front.instance(), 1, Integer::sum);
      if (looks < AWAY) {
        fronts.put(front.instance(), front);
      }
    }
    for (String name : state.names(FRONTS)) {
      GroupState.Entry entry = state.peek(FRONTS + "/" + name);
      if (entry != null) {
        fronts.put(name, front(name, read(entry)));
        away.remove(name);
      }
    }
    away.keySet().retainAll(new HashSet<>(fronts.keySet()));
    publish(own, said, fronts, drained, words(state.peek(WORDS)));
    if (leaving) {
      told.countDown();
    }
  }

  /** No majority is in reach: what was known last counts, but for this instance itself. */
  void alone(GroupConfig own) {
    cut = true;
    Map<String, Front> fronts = new TreeMap<>();
    view.fronts().forEach(front -> fronts.put(front.instance(), front));
    publish(
        own,
        said(own, view.drained().contains(own.instance())),
        fronts,
        view.drained(),
        view.words());
  }

  private @Nullable Said said(GroupConfig own, boolean drained) {
    return own.addresses().isEmpty() || own.role() == GroupConfig.Role.WITNESS
        ? null
        : new Said(own.addresses(), own.weight(), site, leaving || drained);
  }

  private void show(String instance, @Nullable Said said) throws GroupException {
    String path = FRONTS + "/" + instance;
    GroupState.Entry entry = state.peek(path);
    if (entry != null && (said == null || entry.owner() != session.getAsLong())) {
      boolean _ = state.delete(path, entry.version()); // what is left of an earlier session
      entry = null;
    }
    if (said == null) {
      return;
    }
    byte[] value = Greeting.write(said).getBytes(StandardCharsets.UTF_8);
    if (entry == null) {
      Object _ = state.lend(path, value);
    } else if (!Arrays.equals(entry.value(), value)) {
      Object _ = state.compareAndSet(path, value, -1);
    }
  }

  private static Said read(GroupState.Entry entry) {
    return Greeting.read(entry, Said.class);
  }

  private static Front front(String instance, Said said) {
    return new Front(instance, said.addresses(), said.weight(), said.site(), said.draining());
  }

  private void publish(
      GroupConfig own,
      @Nullable Said said,
      Map<String, Front> fronts,
      Set<String> drained,
      @Nullable List<Word> words) {
    if (said == null) {
      fronts.remove(own.instance());
    } else {
      fronts.put(own.instance(), front(own.instance(), said));
    }
    View next = new View(List.copyOf(fronts.values()), drained, words);
    if (!next.equals(view)) {
      view = next;
      listener.accept(next);
    }
  }
}
