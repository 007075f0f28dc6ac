package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.Greeting.Answer;
import io.fairlead.group.Greeting.Hello;
import io.fairlead.group.Servers.Server;
import io.fairlead.group.storelog.StoreLog;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.runtime.SharedValues;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * This instance as one of its group, from {@link #start} to {@link #close}.
 *
 * <p>One thread does everything that takes time: it opens the door, finds the others, starts the
 * engine, and then looks four times a second whether all is as it should be. Whatever fails is told
 * as an event, tried again, and stands in no request's way.
 */
public final class Group implements AutoCloseable {
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final Duration ASK = Duration.ofMillis(500);
  private static final Duration AGAIN = Duration.ofSeconds(5);
  private static final Duration SWEEP = Duration.ofSeconds(1);
  private static final Duration DISK = Duration.ofSeconds(10);
  private static final Duration TIDY = Duration.ofHours(1);
  private static final Duration CLOSE = Duration.ofSeconds(15);

  /** How long a voter may be away before another gets its vote. */
  private static final Duration AWAY = Duration.ofMinutes(10);

  /** Refusals of the engine until the way round is taken. */
  private static final int REFUSALS = 8;

  /** Bytes on the disk below which an operator is told before the engine stops. */
  private static final long LOW_DISK = 64L << 20;

  private static final String PEERS = "/peers";
  private static final String PRESENT = "/present";
  private static final String JOINS = "/joins";
  private static final String QUIC = "/quic";

  /** The role of the one that does what one has to, where an ensemble keeps the state. */
  private static final String LEADER = "leader";

  /** How long an ensemble is not reached until it is said why. */
  private static final Duration UNREACHED = Duration.ofSeconds(3);

  /** How often it is said, at most, where it is now this and now that. */
  private static final Duration WHY = Duration.ofSeconds(20);

  /** What one look may take; it asks for some dozens of values. */
  private static final Duration SLOW = Duration.ofSeconds(2);

  /** Looks without trouble until what was said of it is over. */
  private static final int EASY_LOOKS = 8;

  private static final System.Logger LOG = System.getLogger(Group.class.getName());

  private final Path folder;
  private final String version;
  private final Scheduler control;
  private final Consumer<Event> events;
  private final SecureRandom random;
  private final String process;
  private final @Nullable Ensemble ensemble;
  private final ZooKeeperState state;
  private final Leases leases;
  private final Store store;
  private final Values values;
  private final FrontEnds frontEnds;
  private final Signs quic;
  private final Versions versions;
  private final Upgrade upgrade;
  private final Thread thread;
  private volatile GroupConfig config;
  private volatile @Nullable Engine engine;
  private volatile @Nullable StoreLog storeLog;
  private volatile @Nullable SSLContext tls;
  private volatile boolean closed;
  private volatile String trouble = "";

  /** Why a role cannot be had by anybody, until it is told. */
  private final AtomicReference<String> roleTrouble = new AtomicReference<>("");

  /** Where an ensemble keeps the state, one of the instances does what one has to. */
  private volatile boolean elected;

  /** Who is of the group, as was known last. */
  private volatile Map<String, HostPort> others = Map.of();

  private volatile @Nullable Broadcast broadcast;
  private volatile Consumer<String> told = _ -> {};

  // Of the thread.
  private boolean wasConnected;
  private boolean reached = true;
  private long reachedNanos;
  private long whyNanos;
  private int uneasy;

  /** The session in which this instance has shown that it is there; 0: none. */
  private long shown;

  private boolean counted;
  private String said = "";
  private volatile String logTrouble = "";
  private int refusals;
  private long swept;
  private long tidied;
  private boolean diskTold;
  private long diskSeen = Long.MIN_VALUE / 2;
  private final Set<String> known = new TreeSet<>();
  private final Map<Integer, Long> absentSince = new HashMap<>();

  private Group(
      Path data,
      GroupConfig config,
      String site,
      String version,
      Scheduler control,
      Consumer<Event> events,
      SecureRandom random,
      Applier applier) {
    this.folder = data.resolve("group");
    this.config = config;
    this.version = version;
    this.control = control;
    this.events = events;
    this.random = random;
    byte[] bytes = new byte[8];
    random.nextBytes(bytes);
    process = HexFormat.of().formatHex(bytes);
    ensemble = config.ensemble().map(its -> new Ensemble(its, config.name(), folder)).orElse(null);
    state = new ZooKeeperState(ensemble == null ? new OwnServer(() -> engine) : ensemble);
    leases = new Leases(control, state, config.instance() + "/" + process, roleTrouble::set);
    store = new Store(state);
    values = new Values(state);
    frontEnds = new FrontEnds(state, state::sessionId, site);
    quic = new Signs(state, state::sessionId, QUIC);
    versions = new Versions(state, config, folder, applier, control::epochMillis, this::carriers);
    upgrade = new Upgrade(state, process, control::nanoTime, control::epochMillis, events);
    thread = Thread.ofVirtual().name("group").unstarted(this::run);
    reachedNanos = control.nanoTime();
    if (ensemble != null) {
      Leadership.Candidacy _ = leases.stand(LEADER, new Lead());
    }
  }

  /** Follows whether this instance is the one that does what one has to. */
  private final class Lead implements Leadership.Candidate {
    @Override
    public void elected(long term) {
      elected = true;
    }

    @Override
    public void renewed(long sentNanos, Duration ttl) {
      // It ends by itself if it is not.
    }

    @Override
    public void deposed() {
      elected = false;
    }
  }

  /**
   * Begins to be one of the group; answers at once.
   *
   * @param data the instance's folder for state
   * @param site where this instance stands; may be empty
   * @param version of the program
   * @param applier puts configurations into force
   */
  public static Group start(
      Path data,
      GroupConfig config,
      String site,
      String version,
      Scheduler control,
      Consumer<Event> events,
      SecureRandom random,
      Applier applier) {
    Group group = new Group(data, config, site, version, control, events, random, applier);
    group.thread.start();
    return group;
  }

  /**
   * From now on these are the peers, and what clients see of this instance; the rest of the
   * configuration stays as it was at the start.
   */
  public void follow(GroupConfig changed) {
    config = config.following(changed);
  }

  /** Roles that one instance has at a time. A witness is never elected. */
  public Leadership leadership() {
    return config.role() == GroupConfig.Role.WITNESS ? Group::nobody : leases;
  }

  private static Leadership.Candidacy nobody(String role, Leadership.Candidate candidate) {
    return new Leadership.Candidacy() {
      @Override
      public void resign() {}

      @Override
      public void close() {}
    };
  }

  public Store store() {
    return store;
  }

  /** What other parts of this instance share with those of the others. */
  public SharedValues values() {
    return values;
  }

  /** Hosts of all instances, this one included, as far as is known. */
  public Set<String> hosts() {
    Set<String> hosts = new TreeSet<>();
    config.peers().values().forEach(peer -> hosts.add(peer.host()));
    others.values().forEach(peer -> hosts.add(peer.host()));
    return hosts;
  }

  /**
   * Tells all other instances, as well as that goes: what cannot be told is lost. Never waits.
   *
   * @param text of one line, {@value GroupDoor#MAX_TEXT} characters of one byte at most
   */
  public void tell(String text) {
    Broadcast telling = broadcast;
    if (telling != null) {
      telling.tell(text);
    }
  }

  /** From now on this one hears what others tell, on threads of the group. */
  public void onTold(Consumer<String> listener) {
    told = listener;
  }

  private void heard(String text) {
    told.accept(text);
  }

  private Hello staying() {
    GroupConfig own = config;
    return new Hello(
        own.name(), own.instance(), own.address().toString(), process, false, Map.of(), true);
  }

  /** The instances to which clients can be sent. */
  public FrontEnds frontEnds() {
    return frontEnds;
  }

  /** Whose connections by QUIC are whose. */
  public Signs quic() {
    return quic;
  }

  /** The configurations of the group. */
  public Versions versions() {
    return versions;
  }

  /** How its instances are replaced by new processes. */
  public Upgrade upgrade() {
    return upgrade;
  }

  /**
   * Has instances replaced, one after another, whoever leads last.
   *
   * @param instances their names; empty: all that are there
   * @return false: that is under way already
   * @throws GroupException if no majority answers, or one of them is not there
   */
  public boolean beginUpgrade(String who, Set<String> instances) throws GroupException {
    state.catchUp();
    Map<String, String> processes = new LinkedHashMap<>();
    Map<String, String> leader = new LinkedHashMap<>();
    for (String name : instances.isEmpty() ? new TreeSet<>(state.names(PRESENT)) : instances) {
      Present one = present(name);
      if (one == null) {
        throw new GroupException(GroupException.Kind.REFUSED, name + " is not there");
      }
      (one.standing().equals("leading") ? leader : processes).put(name, one.process());
    }
    processes.putAll(leader);
    return upgrade.begin(who, processes);
  }

  // --- the thread --------------------------------------------------------------------------

  private void run() {
    try {
      while (!closed) {
        try (Lock _ = Lock.take(folder, () -> closed)) {
          tls = MemberTls.use(config);
          try (GroupDoor _ = GroupDoor.open(config, tls, random, this::answer, this::heard);
              Broadcast telling = new Broadcast(config, tls, random, this::staying)) {
            begin();
            broadcast = telling;
            while (!closed) {
              stepOrTell();
              telling.reach(others);
              Thread.sleep(LOOK);
            }
          } finally {
            broadcast = null;
            end();
          }
        } catch (IOException e) {
          trouble(String.valueOf(e.getMessage()));
          Thread.sleep(AGAIN);
        }
      }
    } catch (InterruptedException _) {
      // Closed.
    }
  }

  /** One process at a time works in the folder: one that is taken over from ends first. */
  private record Lock(FileChannel channel, FileLock lock) implements AutoCloseable {
    private static final Duration RETRY = Duration.ofMillis(50);

    static Lock take(Path folder, java.util.function.BooleanSupplier given)
        throws IOException, InterruptedException {
      Files.createDirectories(folder);
      if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
        Path _ = // what is in it is not for other users of the machine
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      FileChannel channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      while (!given.getAsBoolean()) {
        try {
          FileLock lock = channel.tryLock();
          if (lock != null) {
            return new Lock(channel, lock);
          }
        } catch (OverlappingFileLockException _) {
          // An instance in this very process has it.
        }
        Thread.sleep(RETRY);
      }
      channel.close();
      throw new InterruptedException("closed");
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private void begin() throws IOException, InterruptedException {
    if (ensemble != null) {
      return;
    }
    Servers first = Servers.of(List.of());
    boolean alone = config.peers().size() == 1 && !Engine.hasState(folder);
    while (!alone) {
      Map<String, Answer> answers = askPeers(!Engine.hasState(folder));
      if (Engine.hasState(folder)) {
        String refused = refusal(answers);
        if (refused.isEmpty()) {
          break;
        }
        waitFor(refused);
      } else {
        switch (Formation.decide(config, answers)) {
          case Formation.Step.Begin(Servers servers) -> {
            first = servers;
            alone = true;
          }
          case Formation.Step.Wait(String why) -> waitFor(why);
          case Formation.Step.Refused(String why) -> waitFor(why);
        }
      }
      if (closed) {
        throw new InterruptedException("closed");
      }
    }
    if (first.all().isEmpty()) {
      first = Formation.founding(config.peers());
    }
    said = "";
    StoreLog log = storeLog();
    storeLog = log;
    engine = Engine.start(folder, config, first, log);
    trouble = "";
  }

  private @Nullable StoreLog storeLog() {
    return config
        .storeLog()
        .map(its ->
            StoreLog.begin(
                its.folder(),
                config.name(),
                config.instance(),
                its.span(),
                control::epochMillis,
                System::nanoTime))
        .orElse(null);
  }

  private static String refusal(Map<String, Answer> answers) {
    for (Answer answer : answers.values()) {
      String refused = answer.refused();
      if (refused != null) {
        return refused;
      }
    }
    return "";
  }

  private void waitFor(String why) throws InterruptedException {
    trouble = why;
    frontEnds.alone(config);
    if (!why.equals(said)) {
      said = why;
      events.accept(new Event.GroupWaits(config.name(), why));
    }
    Thread.sleep(ASK);
  }

  private void trouble(String what) {
    trouble = what;
    uneasy = EASY_LOOKS;
    if (!what.equals(said)) {
      said = what;
      events.accept(new Event.GroupTrouble(config.name(), what));
    }
  }

  private void end() {
    Engine running = engine;
    engine = null;
    if (running != null) {
      running.close();
    }
    StoreLog log = storeLog;
    storeLog = null;
    if (log != null) {
      log.close();
    }
  }

  private Map<String, Answer> askPeers(boolean empty) throws InterruptedException {
    GroupConfig own = config;
    Hello hello =
        new Hello(
            own.name(),
            own.instance(),
            own.address().toString(),
            process,
            empty,
            Greeting.texts(own.peers()),
            /* stays= */ false);
    Map<String, Answer> answers = new ConcurrentHashMap<>();
    List<Thread> asking = new ArrayList<>();
    own.peers()
        .forEach((name, address) -> {
          if (!name.equals(own.instance())) {
            asking.add(
                Thread.ofVirtual()
                    .name("greet " + name)
                    .start(() -> {
                      try {
                        answers.put(name, GroupDoor.greet(address, own, tls, random, hello));
                      } catch (IOException _) {
                        // Not there, or a stranger: as good as silent.
                      }
                    }));
          }
        });
    for (Thread each : asking) {
      each.join();
    }
    return new TreeMap<>(answers);
  }

  // --- the door ----------------------------------------------------------------------------

  private Answer answer(Hello hello) {
    GroupConfig own = config;
    if (!hello.group().equals(own.name())) {
      return refused("this is group " + own.name() + ", not " + hello.group());
    }
    if (hello.instance().equals(own.instance()) && !hello.process().equals(process)) {
      return refused(
          "there is an instance called " + hello.instance() + " already, at " + own.address());
    }
    if (hello.stays()) {
      return others.containsKey(hello.instance())
          ? new Answer(own.instance(), null, "", false, Map.of())
          : refused(hello.instance() + " is not one of the group");
    }
    Engine running = engine;
    if (ensemble != null) {
      return refused(
          "group "
              + own.name()
              + " has its state at an ensemble: give "
              + hello.instance()
              + " the same group.ensemble");
    }
    if (running == null) {
      return new Answer(own.instance(), null, "", false, Greeting.texts(own.peers()));
    }
    String objection = state.isConnected() ? admit(hello) : "";
    if (!objection.isEmpty()) {
      return refused(objection);
    }
    Servers servers = running.servers();
    return new Answer(
        own.instance(),
        null,
        servers.lines() + "\nversion=" + Long.toHexString(servers.version()),
        Files.exists(folder.resolve("formed")),
        Greeting.texts(own.peers()));
  }

  private Answer refused(String why) {
    return new Answer(config.instance(), why, "", false, Map.of());
  }

  /** Whether one may come in; notes that one has lost its state. */
  private String admit(Hello hello) {
    try {
      Map<String, HostPort> shared = peers();
      Map<String, HostPort> peers = shared.isEmpty() ? config.peers() : shared;
      HostPort expected = peers.get(hello.instance());
      HostPort address = HostPort.parse(hello.address());
      if (expected == null) {
        if (config.token().isEmpty()) {
          return "group "
              + config.name()
              + " knows no instance called "
              + hello.instance()
              + ": name it in group.peers of one that is there, or give all of them a group.token";
        }
        changePeers(Map.of(hello.instance(), address), Set.of());
      }
      Present there = present(hello.instance());
      if (there != null
          && !there.process().equals(hello.process())
          && !there.address().equals(hello.address())) {
        return "there is an instance called "
            + hello.instance()
            + " already, at "
            + there.address();
      }
      Engine running = engine;
      Server voter =
          running == null ? null : running.servers().find(GroupConfig.number(hello.instance()));
      if (hello.empty() && voter != null && voter.votes()) {
        state.ensure(JOINS);
        Object _ = state.create(JOINS + "/" + hello.instance(), new byte[0]);
      }
      return "";
    } catch (GroupException e) {
      return "";
    } catch (IllegalArgumentException e) {
      return "the address " + hello.address() + " is none";
    }
  }

  // --- looking -----------------------------------------------------------------------------

  /** What is in the state may have been written by anybody who reaches an ensemble. */
  private void stepOrTell() throws IOException {
    try {
      step();
    } catch (RuntimeException e) {
      LOG.log(Level.DEBUG, "the group's state", e);
      throw new IOException(
          "something in the group's state is not what Fairlead writes: " + e.getMessage(), e);
    }
  }

  private void step() throws IOException {
    Engine running = engine;
    if (ensemble == null && (running == null || running.hasEnded())) {
      throw new IOException("the group's engine has ended; it is started again");
    }
    IOException failure = running == null ? null : running.failure();
    if (failure != null) {
      throw new IOException(
          "the group's state in "
              + folder
              + " cannot be written ("
              + failure.getMessage()
              + "); it is tried again",
          failure);
    }
    boolean connected = state.isConnected();
    lookAtDisk();
    if (connected) {
      long began = control.nanoTime();
      try {
        look();
        answered(began);
      } catch (GroupException e) {
        if (e.kind() == GroupException.Kind.REFUSED) {
          trouble(String.valueOf(e.getMessage()));
        } else if (ensemble != null && e.kind() == GroupException.Kind.CONFLICT) {
          trouble(
              "the group's state at the ensemble is not whole any more ("
                  + e.getMessage()
                  + "); if somebody has deleted it, stop all instances and start them again");
        } else {
          answered(began);
        }
      }
    } else {
      store.forget();
      absentSince.clear();
      frontEnds.alone(config);
    }
    if (connected != wasConnected) {
      wasConnected = connected;
      events.accept(
          connected
              ? new Event.GroupReached(config.name(), words())
              : new Event.GroupLost(
                  config.name(),
                  ensemble == null ? "has no majority here" : "does not reach its ensemble"));
    }
    tellOfEnsemble(connected);
    tellOfStoreLog();
    long now = control.nanoTime();
    if (running != null && now - tidied > TIDY.toNanos()) {
      tidied = now;
      running.tidy();
    }
  }

  /** An ensemble that is there may be overloaded, or without a majority and not know it yet. */
  private void answered(long beganNanos) {
    long millis = Duration.ofNanos(control.nanoTime() - beganNanos).toMillis();
    if (ensemble != null && millis > SLOW.toMillis()) {
      trouble(
          "the ensemble at "
              + ensemble.servers()
              + " answers slowly: what takes milliseconds took "
              + millis / 1000
              + " s");
      return;
    }
    String role = roleTrouble.getAndSet("");
    if (!role.isEmpty()) {
      trouble(role);
    } else if (ensemble != null && uneasy > 0 && --uneasy == 0) {
      trouble = "";
      said = "";
    }
  }

  /** Says why there is no session for a while, and that there is one again. */
  private void tellOfEnsemble(boolean connected) {
    if (ensemble == null) {
      return;
    }
    long now = control.nanoTime();
    if (connected) {
      if (!reached) {
        reached = true;
        trouble = "";
        said = "";
      }
      reachedNanos = now;
    } else if (now - reachedNanos > UNREACHED.toNanos()) {
      reached = false;
      String why = state.obstacle();
      if (!why.isEmpty()) {
        String words = why.equals(ensemble.unreached()) ? ensemble.silence() : why;
        if (said.isEmpty() || now - whyNanos > WHY.toNanos()) {
          whyNanos = now;
          trouble(words);
        }
        trouble = words;
      }
    }
  }

  private void tellOfStoreLog() {
    StoreLog log = storeLog;
    String now = log == null ? "" : log.trouble();
    if (now.isEmpty() != logTrouble.isEmpty()) {
      events.accept(
          now.isEmpty()
              ? new Event.GroupChanged(config.name(), "the log of the store is written again")
              : new Event.GroupTrouble(config.name(), now));
    }
    logTrouble = now;
  }

  private String words() {
    Engine running = engine;
    if (running == null) {
      return ensemble == null
          ? "its engine has ended"
          : "its state is at the ensemble "
              + ensemble.servers()
              + ensemble.root()
              + ", for which an instance is gone after "
              + state.sessionMillis()
              + " ms";
    }
    Servers servers = running.servers();
    return servers.all().size()
        + (servers.all().size() == 1 ? " instance keeps" : " instances keep")
        + " its state, "
        + servers.voters().size()
        + " with a vote; this one is "
        + running.standing();
  }

  private String standing() {
    Engine running = engine;
    if (ensemble != null) {
      return !state.isConnected() ? "looking" : elected ? "leading" : "following";
    }
    return running == null ? "looking" : running.standing();
  }

  private void lookAtDisk() throws IOException {
    if (ensemble != null) {
      return; // what is kept here is small
    }
    long now = control.nanoTime();
    if (now - diskSeen < DISK.toNanos()) {
      return;
    }
    diskSeen = now;
    boolean low = Files.getFileStore(folder).getUsableSpace() < LOW_DISK;
    if (low && !diskTold) {
      trouble(
          "the disk of "
              + folder
              + " is nearly full: without room there this instance cannot keep the group's state");
    }
    diskTold = low;
  }

  private void look() throws IOException {
    if (!counted) {
      Path formed = folder.resolve("formed");
      if (ensemble == null && !Files.exists(formed)) {
        Files.writeString(formed, "A majority has kept this state.\n");
      }
      state.ensure(PRESENT);
      counted = true;
    }
    Map<String, HostPort> peers = ensemble == null ? peers() : registered();
    if (!peers.isEmpty() && !peers.containsKey(config.instance())) {
      throw new IOException(
          "this instance is not one of the group any more; whoever is may take it in again by"
              + " group.peers");
    }
    others = peers;
    String standing = standing();
    showPresence(standing);
    if (ensemble == null) {
      followPeers();
    }
    quic.step(config); // before anybody sends clients here
    frontEnds.step(config);
    tellOfOthers();
    boolean leads = standing.equals("leading");
    if (leads) {
      if (ensemble == null) {
        lead();
      }
      long now = control.nanoTime();
      if (now - swept > SWEEP.toNanos()) {
        swept = now;
        store.sweep(now);
      }
    } else {
      store.forget();
      absentSince.clear();
    }
    versions.step(leads);
    upgrade.step(() -> seen(leads));
  }

  private Upgrade.Look seen(boolean leads) throws GroupException {
    Map<String, String> processes = new HashMap<>();
    long current = versions.current();
    boolean allCurrent = true;
    for (String name : state.names(PRESENT)) {
      Present one = present(name);
      if (one != null) {
        processes.put(name, one.process());
        allCurrent &= one.role().equals("witness") || one.config() == current;
      }
    }
    return new Upgrade.Look(config.instance(), leads, processes, allCurrent);
  }

  /**
   * What an instance says of itself while it is there.
   *
   * @param started milliseconds since 1970
   * @param config number of the group's configuration that is in force there; 0: none of the
   *     group's
   */
  record Present(
      String process,
      String address,
      String role,
      String version,
      long started,
      long pid,
      String standing,
      long config) {}

  private static final long STARTED = System.currentTimeMillis();

  private void showPresence(String standing) throws IOException {
    GroupConfig own = config;
    byte[] value =
        Greeting.write(
                new Present(
                    process,
                    own.address().toString(),
                    own.role().name().toLowerCase(java.util.Locale.ROOT),
                    version,
                    STARTED,
                    ProcessHandle.current().pid(),
                    standing,
                    versions.inForce()))
            .getBytes(StandardCharsets.UTF_8);
    String path = PRESENT + "/" + own.instance();
    GroupState.Entry entry = state.peek(path);
    if (entry != null && entry.owner() != state.sessionId()) {
      Present other = read(entry);
      boolean elsewhere = !other.address().equals(own.address().toString());
      boolean taken = shown != 0 && shown == state.sessionId(); // while this one was there
      if (!other.process().equals(process) && (elsewhere || (ensemble != null && taken))) {
        shown = 0;
        throw new IOException(
            "there is an instance called " + own.instance() + " already, at " + other.address());
      }
      boolean _ = state.delete(path, entry.version()); // what is left of an earlier session
      entry = null;
    }
    if (entry == null) {
      shown = state.lend(path, value) == null ? 0 : state.sessionId();
      boolean _ = state.delete(JOINS + "/" + own.instance(), -1);
    } else if (!java.util.Arrays.equals(entry.value(), value)) {
      Object _ = state.compareAndSet(path, value, -1);
    }
  }

  private static Present read(GroupState.Entry entry) {
    return Greeting.read(entry, Present.class);
  }

  /** Who is there and carries traffic. */
  private Set<String> carriers() throws GroupException {
    Set<String> names = new TreeSet<>();
    for (String name : state.names(PRESENT)) {
      Present one = present(name);
      if (one != null && one.role().equals("member")) {
        names.add(name);
      }
    }
    return names;
  }

  private @Nullable Present present(String instance) throws GroupException {
    GroupState.Entry entry = state.peek(PRESENT + "/" + instance);
    try {
      return entry == null ? null : read(entry);
    } catch (IllegalArgumentException _) {
      return null; // what somebody else wrote there is no instance
    }
  }

  private void tellOfOthers() throws GroupException {
    Set<String> now = new TreeSet<>(state.names(PRESENT));
    now.remove(config.instance());
    for (String name : now) {
      if (known.add(name)) {
        events.accept(new Event.PeerJoined(config.name(), name));
      }
    }
    for (String name : List.copyOf(known)) {
      if (!now.contains(name)) {
        known.remove(name);
        events.accept(new Event.PeerLost(config.name(), name));
      }
    }
  }

  // --- who is of the group -----------------------------------------------------------------

  private Map<String, HostPort> peers() throws GroupException {
    GroupState.Entry entry = state.peek(PEERS);
    try {
      return entry == null
          ? Map.of()
          : addresses(new String(entry.value(), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("what stands at " + PEERS, e);
    }
  }

  private static Map<String, HostPort> addresses(String lines) {
    Map<String, HostPort> peers = new TreeMap<>();
    for (String line : lines.split("\n", -1)) {
      int space = line.indexOf(' ');
      if (space > 0) {
        peers.put(line.substring(0, space), HostPort.parse(line.substring(space + 1)));
      }
    }
    return peers;
  }

  private static String lines(Map<String, HostPort> peers) {
    return new TreeMap<>(peers)
        .entrySet().stream()
            .map(peer -> peer.getKey() + " " + peer.getValue())
            .collect(Collectors.joining("\n"));
  }

  /**
   * Who is of a group whose state is at an ensemble: whoever was there once and was not taken out.
   * This instance is, from now on, at the address of its configuration.
   */
  private Map<String, HostPort> registered() throws IOException {
    GroupConfig own = config;
    GroupState.Entry entry = state.peek(PEERS);
    if (entry == null) {
      Object _ =
          state.create(
              PEERS, lines(Map.of(own.instance(), own.address())).getBytes(StandardCharsets.UTF_8));
      return peers();
    }
    Map<String, HostPort> peers = peers();
    for (Map.Entry<String, HostPort> other : peers.entrySet()) {
      if (!other.getKey().equals(own.instance()) && other.getValue().equals(own.address())) {
        throw new IOException(
            other.getKey()
                + " is at "
                + own.address()
                + ", too, as the group knows; give each instance a group.bind that the others reach"
                + " it at, or take that one out by fairlead instances --remove "
                + other.getKey());
      }
    }
    if (!own.address().equals(peers.get(own.instance()))) {
      Present other = present(own.instance());
      if (other != null
          && !other.process().equals(process)
          && !other.address().equals(own.address().toString())) {
        throw new IOException(
            "there is an instance called " + own.instance() + " already, at " + other.address());
      }
      changePeers(Map.of(own.instance(), own.address()), Set.of());
      return peers();
    }
    return peers;
  }

  /**
   * What changed in this instance's own list since it was last looked at changes in the group's:
   * lists of others that have not been changed yet do not undo it.
   */
  private void followPeers() throws IOException {
    Map<String, HostPort> own = config.peers();
    Path file = folder.resolve("peers");
    if (state.peek(PEERS) == null) {
      Object _ = state.create(PEERS, lines(own).getBytes(StandardCharsets.UTF_8));
    }
    if (!Files.exists(file)) {
      Files.writeString(file, lines(own));
      return;
    }
    Map<String, HostPort> before = addresses(Files.readString(file));
    if (before.equals(own)) {
      return;
    }
    Map<String, HostPort> added = new LinkedHashMap<>(own);
    added.entrySet().removeAll(before.entrySet());
    Set<String> removed = new TreeSet<>(before.keySet());
    removed.removeAll(own.keySet());
    changePeers(added, removed);
    Files.writeString(file, lines(own));
  }

  private void changePeers(Map<String, HostPort> added, Set<String> removed) throws GroupException {
    while (true) {
      GroupState.Entry entry = state.get(PEERS);
      if (entry == null) {
        return;
      }
      Map<String, HostPort> peers =
          new TreeMap<>(addresses(new String(entry.value(), StandardCharsets.UTF_8)));
      peers.putAll(added);
      peers.keySet().removeAll(removed);
      if (state.compareAndSet(PEERS, lines(peers).getBytes(StandardCharsets.UTF_8), entry.version())
          != null) {
        return;
      }
    }
  }

  /**
   * Takes an instance out of the group.
   *
   * @return false: there is none of that name
   * @throws GroupException if no majority answers, or it is the only one
   */
  public boolean remove(String instance) throws GroupException {
    state.catchUp();
    Map<String, HostPort> peers = peers();
    if (!peers.containsKey(instance)) {
      return false;
    }
    if (ensemble != null && present(instance) != null) {
      throw new GroupException(
          GroupException.Kind.REFUSED, instance + " is there: stop it, then take it out");
    }
    if (peers.size() == 1) {
      throw new GroupException(
          GroupException.Kind.REFUSED, instance + " is the only instance of the group");
    }
    changePeers(Map.of(), Set.of(instance));
    return true;
  }

  private void lead() throws GroupException {
    Servers now = state.servers();
    Map<Integer, Server> wanted = new TreeMap<>();
    Map<Integer, String> names = new HashMap<>();
    peers()
        .forEach((name, address) -> {
          int number = GroupConfig.number(name);
          wanted.put(number, new Server(number, address, false));
          names.put(number, name);
        });
    if (wanted.isEmpty()) {
      return;
    }
    Set<Integer> present = numbers(state.names(PRESENT));
    Set<Integer> away = new TreeSet<>();
    long nanos = control.nanoTime();
    for (Server server : now.all().values()) {
      if (present.contains(server.number())) {
        absentSince.remove(server.number());
      } else if (nanos - absentSince.computeIfAbsent(server.number(), _ -> nanos)
          > AWAY.toNanos()) {
        away.add(server.number());
      }
    }
    Servers next =
        MemberPlan.next(
            now,
            wanted,
            present,
            away,
            numbers(state.names(JOINS)),
            GroupConfig.number(config.instance()));
    if (next == null) {
      refusals = 0;
      return;
    }
    if (refusals >= REFUSALS) {
      refusals = 0;
      Servers detour = MemberPlan.detour(now, next);
      next = detour == null ? next : detour;
    }
    refusals++;
    state.change(now, next);
    refusals = 0;
    events.accept(new Event.GroupChanged(config.name(), describe(next, names)));
  }

  private static Set<Integer> numbers(List<String> names) {
    return names.stream().map(GroupConfig::number).collect(Collectors.toCollection(TreeSet::new));
  }

  private static String describe(Servers servers, Map<Integer, String> names) {
    List<String> voters = new ArrayList<>();
    List<String> others = new ArrayList<>();
    servers
        .all()
        .values()
        .forEach(server ->
            (server.votes() ? voters : others)
                .add(names.getOrDefault(server.number(), "number " + server.number())));
    return "the vote is with "
        + String.join(", ", voters)
        + (others.isEmpty() ? "" : "; without one: " + String.join(", ", others));
  }

  // --- what doors ask ----------------------------------------------------------------------

  /**
   * The group as this instance sees it.
   *
   * @param connected whether a majority is in reach
   * @param trouble why not, or what else is wrong; empty: nothing
   * @param configVersion number of the group's configuration; 0: there is none yet
   * @param storeLogLag how long a change of the store is not in its log already; null: there is no
   *     log
   */
  public record View(
      String group,
      String instance,
      boolean connected,
      String trouble,
      long configVersion,
      @Nullable Duration storeLogLag,
      List<Member> members) {}

  /**
   * One instance.
   *
   * @param present whether it is there
   * @param draining whether it gets no new clients
   * @param votes whether it is one of those whose majority decides
   * @param standing {@code leading}, {@code following}, {@code observing}; empty: not known
   * @param started milliseconds since 1970; 0: not known
   * @param configVersion number of the group's configuration that is in force there
   */
  public record Member(
      String name,
      String address,
      boolean self,
      boolean present,
      boolean draining,
      boolean votes,
      String role,
      String standing,
      String version,
      long started,
      long pid,
      long configVersion) {}

  public View view() {
    GroupConfig own = config;
    Engine running = engine;
    boolean connected = state.isConnected();
    Map<String, HostPort> peers = own.peers();
    Map<String, Present> there = new HashMap<>();
    long current = 0;
    if (connected) {
      try {
        Map<String, HostPort> shared = peers();
        peers = shared.isEmpty() ? peers : shared;
        for (String name : state.names(PRESENT)) {
          Present one = present(name);
          if (one != null) {
            there.put(name, one);
          }
        }
        current = versions.current();
      } catch (GroupException | IllegalArgumentException _) {
        connected = false;
      }
    }
    Servers servers = running == null ? Servers.of(List.of()) : running.servers();
    List<Member> members = new ArrayList<>();
    for (Map.Entry<String, HostPort> peer : new TreeMap<>(peers).entrySet()) {
      Present one = there.get(peer.getKey());
      Server server = servers.find(GroupConfig.number(peer.getKey()));
      members.add(
          new Member(
              peer.getKey(),
              peer.getValue().toString(),
              peer.getKey().equals(own.instance()),
              one != null,
              isDraining(peer.getKey()),
              server != null && server.votes(),
              one == null ? "" : one.role(),
              one == null ? "" : one.standing(),
              one == null ? "" : one.version(),
              one == null ? 0 : one.started(),
              one == null ? 0 : one.pid(),
              one == null ? 0 : one.config()));
    }
    StoreLog log = storeLog;
    return new View(
        own.name(),
        own.instance(),
        connected,
        trouble.isEmpty() ? logTrouble : trouble,
        current,
        log == null ? null : log.lag(),
        members);
  }

  private boolean isDraining(String instance) {
    FrontEnds.View now = frontEnds.view();
    return now.drained().contains(instance)
        || now.fronts().stream()
            .anyMatch(front -> front.instance().equals(instance) && front.draining());
  }

  /** Gives up what is held, so that others need not wait, and ends. */
  @Override
  public void close() {
    closed = true;
    leases.close();
    state.close();
    thread.interrupt();
    try {
      thread.join(CLOSE);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
