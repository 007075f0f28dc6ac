package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.group.GroupException.Kind;
import io.fairlead.group.GroupState.Change;
import io.fairlead.group.GroupState.Entry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One configuration for all instances of a group, and those before it.
 *
 * <p>Whoever has a new one shows it to all that are there; each says whether it would do. If all
 * agree it becomes the next version, in one transaction, and each puts it into force and says so.
 * One that is not there takes it when it is back. So a configuration that one of them cannot use is
 * in force nowhere, and what still fails afterwards, such as an address that somebody else took
 * meanwhile, is told with the name of the instance.
 *
 * <p>What is an instance's own ({@code admin}, {@code data}, {@code runtime}, {@code group}) comes
 * from its own file always. The version that was in force last is kept on disk, too: an instance
 * that starts while there is no majority serves what it last knew.
 */
public final class Versions {
  /** Versions that can be looked at and gone back to. */
  static final int KEPT = 50;

  /** Looks until one that does not lead gives the group its first. */
  private static final int PATIENT_LOOKS = 20;

  private static final Duration VOTE = Duration.ofSeconds(8);
  private static final Duration APPLY = Duration.ofSeconds(12);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final String ROOT = "/config";
  private static final String CURRENT = ROOT + "/current";
  private static final String PROPOSAL = ROOT + "/proposal";
  private static final String TEXTS = ROOT + "/versions";
  private static final String VOTES = ROOT + "/votes";
  private static final String APPLIED = ROOT + "/applied";

  private final GroupState state;
  private final String instance;
  private final boolean carries;
  private final Path folder;
  private final Applier applier;
  private final LongSupplier clock;
  private final Carriers carriers;
  private volatile long inForce;

  // Of the group's thread.
  private boolean ready;
  private String voted = "";
  private long tried;
  private int looks;

  /** Who is there and takes configurations. */
  interface Carriers {
    Set<String> names() throws GroupException;
  }

  /**
   * One configuration of the group.
   *
   * @param who asked for it
   * @param time milliseconds since 1970
   */
  public record Version(long number, String who, long time, boolean current) {}

  /** What became of a configuration that was asked for. */
  public sealed interface Result {
    /**
     * It is the group's.
     *
     * @param troubles of instances that could not put it into force, or did not say so yet
     */
    record Agreed(long number, Map<String, List<String>> troubles) implements Result {}

    /**
     * Nothing has changed anywhere.
     *
     * @param objections by instance
     */
    record Refused(Map<String, List<String>> objections) implements Result {}
  }

  private record Head(long number, String who, long time) {}

  private record Proposal(String id, String instance, String who) {}

  private record Vote(String id, List<String> problems) {}

  private record Applied(long version, List<String> problems) {}

  Versions(
      GroupState state,
      GroupConfig config,
      Path folder,
      Applier applier,
      LongSupplier clock,
      Carriers carriers) {
    this.state = state;
    this.instance = config.instance();
    this.carries = config.role() == GroupConfig.Role.MEMBER;
    this.folder = folder;
    this.applier = applier;
    this.clock = clock;
    this.carriers = carriers;
  }

  // --- on disk -----------------------------------------------------------------------------

  /**
   * The text that was in force last in an instance with this folder for state; null: none of a
   * group was.
   */
  public static @Nullable String remembered(Path data) throws IOException {
    Path file = data.resolve("group").resolve("config.yaml");
    return Files.exists(file) ? Files.readString(file) : null;
  }

  private void remember(String text) throws IOException {
    Path next = folder.resolve("config.yaml.new");
    Files.writeString(next, text);
    Path _ = Files.move(next, folder.resolve("config.yaml"), StandardCopyOption.ATOMIC_MOVE);
  }

  // --- asking ------------------------------------------------------------------------------

  /** The number of the version that this instance has in force; 0: none of the group's. */
  long inForce() {
    return inForce;
  }

  /** The number of the group's version as far as this instance knows; 0: there is none yet. */
  long current() throws GroupException {
    return number(state.peek(CURRENT));
  }

  private static long number(@Nullable Entry entry) throws GroupException {
    try {
      return entry == null ? 0 : Long.parseLong(new String(entry.value(), StandardCharsets.UTF_8));
    } catch (NumberFormatException e) {
      throw stranger(entry, e);
    }
  }

  private static GroupException stranger(Entry entry, Exception e) {
    return new GroupException(
        Kind.REFUSED, "what stands at " + entry.path() + " is not what Fairlead writes", e);
  }

  /** The last ones, the youngest first. */
  public List<Version> history() throws GroupException {
    state.catchUp();
    long current = current();
    List<Version> found = new ArrayList<>();
    for (String name : state.names(TEXTS)) {
      Entry entry = state.peek(TEXTS + "/" + name);
      if (entry != null) {
        Head head = head(entry, Head.class);
        found.add(new Version(head.number(), head.who(), head.time(), head.number() == current));
      }
    }
    found.sort((a, b) -> Long.compare(b.number(), a.number()));
    return found;
  }

  /** The text of a version; null: it is not kept any more, or never was. */
  public @Nullable String text(long number) throws GroupException {
    Entry entry = state.get(TEXTS + "/" + number);
    return entry == null ? null : body(entry);
  }

  /**
   * Has all instances take that configuration, or none.
   *
   * @param who wants it
   * @throws GroupException if no majority answers, or another one is on its way
   */
  public Result propose(String text, String who) throws GroupException, InterruptedException {
    prepare();
    state.catchUp();
    Proposal proposal = new Proposal(UUID.randomUUID().toString(), instance, who);
    begin(pack(proposal, text));
    try {
      Map<String, List<String>> objections = hearVotes(proposal);
      if (!objections.isEmpty()) {
        return new Result.Refused(objections);
      }
      long next = agree(state.get(CURRENT), text, who);
      return new Result.Agreed(next, hearApplied(next));
    } finally {
      boolean _ = state.delete(PROPOSAL, -1);
    }
  }

  private void begin(byte[] packed) throws GroupException, InterruptedException {
    long deadline = System.nanoTime() + VOTE.toNanos();
    while (state.create(PROPOSAL, packed) == null) {
      Entry other = state.get(PROPOSAL);
      if (other == null) {
        continue;
      }
      Proposal its = head(other, Proposal.class);
      if (!carriers.names().contains(its.instance())) {
        boolean _ = state.delete(PROPOSAL, other.version()); // whoever made it has gone
      } else if (System.nanoTime() > deadline) {
        throw new GroupException(
            Kind.CONFLICT, "another configuration is on its way, from " + its.instance());
      }
      Thread.sleep(LOOK);
    }
  }

  private Map<String, List<String>> hearVotes(Proposal proposal)
      throws GroupException, InterruptedException {
    Map<String, List<String>> objections = new TreeMap<>();
    Set<String> waiting = new TreeSet<>(carriers.names());
    long deadline = System.nanoTime() + VOTE.toNanos();
    while (!waiting.isEmpty() && System.nanoTime() < deadline) {
      for (String name : List.copyOf(waiting)) {
        Entry entry = state.peek(VOTES + "/" + name);
        Vote vote = entry == null ? null : head(entry, Vote.class);
        if (vote != null && vote.id().equals(proposal.id())) {
          waiting.remove(name);
          if (!vote.problems().isEmpty()) {
            objections.put(name, vote.problems());
          }
        }
      }
      waiting.retainAll(carriers.names()); // one that has gone takes it when it is back
      if (!waiting.isEmpty()) {
        Thread.sleep(LOOK);
      }
    }
    waiting.forEach(
        name -> objections.put(name, List.of("did not say within " + VOTE.toSeconds() + " s")));
    return objections;
  }

  /**
   * @param entry the number that was current
   * @throws GroupException if another one is by now
   */
  private long agree(@Nullable Entry entry, String text, String who) throws GroupException {
    long next = number(entry) + 1;
    List<Change> changes = new ArrayList<>();
    byte[] number = Long.toString(next).getBytes(StandardCharsets.UTF_8);
    changes.add(
        new Change.Create(TEXTS + "/" + next, pack(new Head(next, who, clock.getAsLong()), text)));
    changes.add(
        entry == null
            ? new Change.Create(CURRENT, number)
            : new Change.Set(CURRENT, number, entry.version()));
    state.commit(changes);
    if (next > KEPT) {
      boolean _ = state.delete(TEXTS + "/" + (next - KEPT), -1);
    }
    return next;
  }

  private Map<String, List<String>> hearApplied(long number)
      throws GroupException, InterruptedException {
    Map<String, List<String>> troubles = new TreeMap<>();
    Set<String> waiting = new TreeSet<>(carriers.names());
    long deadline = System.nanoTime() + APPLY.toNanos();
    while (!waiting.isEmpty() && System.nanoTime() < deadline) {
      for (String name : List.copyOf(waiting)) {
        Entry entry = state.peek(APPLIED + "/" + name);
        Applied applied = entry == null ? null : head(entry, Applied.class);
        if (applied != null && applied.version() >= number) {
          waiting.remove(name);
          if (!applied.problems().isEmpty()) {
            troubles.put(name, applied.problems());
          }
        }
      }
      waiting.retainAll(carriers.names());
      if (!waiting.isEmpty()) {
        Thread.sleep(LOOK);
      }
    }
    waiting.forEach(
        name -> troubles.put(name, List.of("did not say within " + APPLY.toSeconds() + " s")));
    return troubles;
  }

  // --- taking part -------------------------------------------------------------------------

  private void prepare() throws GroupException {
    for (String path : List.of(TEXTS, VOTES, APPLIED)) {
      state.ensure(path);
    }
  }

  /**
   * Says what is thought of a new one, and puts the group's into force. While the group has none,
   * that of the instance that leads becomes the first, or, if that carries no traffic, of another.
   * Group's thread.
   */
  void step(boolean leads) throws IOException {
    if (!carries) {
      return;
    }
    if (!ready) {
      prepare();
      ready = true;
    }
    Entry proposed = state.peek(PROPOSAL);
    if (proposed != null) {
      Proposal proposal = head(proposed, Proposal.class);
      if (!proposal.id().equals(voted)) {
        say(VOTES, new Vote(proposal.id(), applier.check(body(proposed))));
        voted = proposal.id();
      }
    }
    long current = current();
    if (current == 0 && (leads || looks++ > PATIENT_LOOKS)) {
      looks = 0;
      beginWithOwn();
      return;
    }
    if (current != inForce && current != tried) {
      take(current);
    }
  }

  private void take(long number) throws IOException {
    Entry entry = state.peek(TEXTS + "/" + number);
    if (entry == null) {
      return;
    }
    String text = body(entry);
    List<String> problems = applier.apply(number, text, head(entry, Head.class).who());
    tried = number;
    if (problems.isEmpty()) {
      inForce = number;
      remember(text);
    }
    say(APPLIED, new Applied(number, problems));
  }

  private void beginWithOwn() throws GroupException {
    try {
      long _ = agree(null, applier.own(), "the file of " + instance); // or another was first
    } catch (GroupException e) {
      if (e.kind() != Kind.CONFLICT) {
        throw e;
      }
    }
  }

  private void say(String place, Object what) throws GroupException {
    String path = place + "/" + instance;
    byte[] value = pack(what, "");
    if (state.compareAndSet(path, value, -1) == null) {
      Entry _ = state.create(path, value);
    }
  }

  // --- how it lies in the state ------------------------------------------------------------

  /** A line of JSON, and the text packed. */
  private static byte[] pack(Object head, String text) throws GroupException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      out.write((Greeting.write(head) + "\n").getBytes(StandardCharsets.UTF_8));
      try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
        packed.write(text.getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new IllegalStateException("memory does not fail", e);
    }
    if (out.size() > GroupState.MAX_VALUE) {
      throw new GroupException(
          Kind.REFUSED,
          "the configuration is too large for the group: "
              + out.size()
              + " bytes packed, of at most "
              + GroupState.MAX_VALUE);
    }
    return out.toByteArray();
  }

  private static int line(byte[] value) {
    int end = 0;
    while (end < value.length && value[end] != '\n') {
      end++;
    }
    return end;
  }

  private static <T> T head(Entry entry, Class<T> kind) throws GroupException {
    try {
      return Greeting.read(
          new String(entry.value(), 0, line(entry.value()), StandardCharsets.UTF_8), kind);
    } catch (IllegalArgumentException e) {
      throw stranger(entry, e);
    }
  }

  private static String body(Entry entry) throws GroupException {
    int start = Math.min(line(entry.value()) + 1, entry.value().length);
    try (GZIPInputStream in =
        new GZIPInputStream(
            new ByteArrayInputStream(entry.value(), start, entry.value().length - start))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw stranger(entry, e);
    }
  }

  /** In words, one line for each instance. */
  public static List<String> words(Map<String, List<String>> byInstance) {
    List<String> lines = new ArrayList<>();
    new LinkedHashMap<>(byInstance)
        .forEach((name, problems) -> problems.forEach(problem -> lines.add(name + ": " + problem)));
    return lines;
  }
}
