package io.fairlead.replication.manage;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ManageConfig;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Position;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.SharedValues;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL database that Fairlead makes, runs and fails over itself: the members that this
 * instance runs, each with an agent, and whoever coordinates. An instance that is alone runs all;
 * in a group each runs its own, and one of them coordinates ({@link ManagedGroup}).
 *
 * <p>One process at a time has to do with a folder: a lock on a file in it sees to that. A process
 * that takes over waits for the one before to let go of it.
 */
public final class ManagedDatabase implements DatabaseManager {
  private static final System.Logger LOG = System.getLogger(ManagedDatabase.class.getName());

  private static final Duration LOCK_AGAIN = Duration.ofMillis(50);
  private static final Duration AGAIN = Duration.ofSeconds(2);

  /** A group that is just beginning is asked again sooner, and no event is made of it at first. */
  private static final Duration GROUP_AGAIN = Duration.ofMillis(200);

  private static final Duration GROUP_BEGINS = Duration.ofSeconds(30);
  private static final Duration TELL = Duration.ofMillis(300);

  /** So long sessions may take to end by themselves before the writes move without them. */
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private static final Duration STOP = Duration.ofSeconds(40);
  private static final Duration MOVE = Duration.ofSeconds(60);

  /** So long it takes at most until other instances send nobody new to one who is leaving. */
  private static final Duration HEARD = Duration.ofMillis(200);

  private static final Duration SWITCHOVER =
      Coordinator.CHECKPOINT.plus(DRAIN).plus(STOP).plus(MOVE).plus(HEARD);

  /** A step of a failover takes no longer. */
  private static final Duration BRING = Duration.ofSeconds(8);

  private static final Duration REJOIN = Duration.ofSeconds(5);
  private static final Duration BOOTSTRAP = Duration.ofSeconds(15);

  /** The rest of the instance. Any thread; nothing waits. */
  public interface World {
    /** Clients who write go to that member while it is the primary on that timeline. */
    void admit(String member, int timeline);

    /** They go nowhere, for that reason. */
    void admitNobody(String why);

    void event(Event event);

    /** Nothing new goes to that member, and sessions end between two transactions; or again. */
    void drain(String member, boolean on);

    /** Whether no client is connected to it any more. */
    boolean isEmpty(String member);
  }

  private final DatabaseConfig config;
  private final ManageConfig manage;
  private final Path folder;
  private final Sql sql;
  private final Leadership leadership;
  private final SecureRandom random;
  private final World world;
  private final @Nullable Peers peers;
  private final List<String> own;

  /** That this instance runs; null: it runs none. */
  private final ManageConfig.@Nullable Witness ownWitness;

  private final Thread starting;

  /** Pipes of own members that are held before it is known whether their servers run. */
  private final Map<Path, RandomAccessFile> lines = new LinkedHashMap<>();

  private volatile Map<String, MemberAgent> agents = Map.of();
  private volatile @Nullable LogWitness witness;
  private volatile @Nullable ManagedGroup group;
  private volatile @Nullable Orders orders;
  private @Nullable StateShared shared;
  private volatile @Nullable Coordinator coordinator;
  private volatile String trouble = "is just beginning";
  private volatile boolean closed;
  private final Semaphore told = new Semaphore(0);
  private SharedValues.@Nullable Watch witnessWatch;
  private Leadership.@Nullable Candidacy candidacy;
  private @Nullable FileChannel lock;

  /**
   * The group that this instance is one of.
   *
   * @param instance what it is called in the group
   * @param values what all of them share; null while the group is not there yet
   * @param hosts of its instances, as far as is known
   */
  public record Peers(
      String instance, Supplier<@Nullable SharedValues> values, Supplier<Set<String>> hosts) {}

  private ManagedDatabase(
      DatabaseConfig config,
      ManageConfig manage,
      Path data,
      Sql sql,
      Leadership leadership,
      SecureRandom random,
      @Nullable Peers peers,
      World world) {
    this.config = config;
    this.manage = manage;
    this.folder = manage.folder().orElse(data.resolve("databases").resolve(config.name()));
    this.sql = sql;
    this.leadership = leadership;
    this.random = random;
    this.world = world;
    this.peers = peers;
    this.own = config.membersOf(peers == null ? "" : peers.instance());
    this.ownWitness =
        manage
            .witness()
            .filter(its -> peers == null || its.instance().equals(peers.instance()))
            .orElse(null);
    this.starting =
        Thread.ofVirtual().name("database " + config.name() + " begins").unstarted(this::begin);
  }

  /**
   * Begins; answers at once.
   *
   * @param config that says so
   * @param data the instance's folder for state
   * @param peers null: this instance is alone
   */
  public static ManagedDatabase start(
      DatabaseConfig config,
      Path data,
      Sql sql,
      Leadership leadership,
      SecureRandom random,
      @Nullable Peers peers,
      World world) {
    ManagedDatabase database =
        new ManagedDatabase(
            config, config.manage().orElseThrow(), data, sql, leadership, random, peers, world);
    database.starting.start();
    return database;
  }

  private void begin() {
    long since = System.nanoTime();
    while (!closed) {
      try {
        if (!isLocked()) {
          trouble = "another process has to do with " + folder;
          LockSupport.parkNanos(LOCK_AGAIN.toNanos());
          continue;
        }
        // An instance that runs no member needs none.
        PostgresPrograms programs =
            own.isEmpty() && ownWitness == null ? null : PostgresPrograms.find();
        Map<String, MemberFolder> folders = new LinkedHashMap<>();
        if (programs != null) {
          own.forEach(name -> folders.put(name, new MemberFolder(programs, folder.resolve(name))));
        }
        make(programs, folders, peers == null ? alone(folders) : together(peers, folders));
        trouble = "";
        return;
      } catch (IOException e) {
        boolean begins = peers != null && System.nanoTime() - since < GROUP_BEGINS.toNanos();
        String what = String.valueOf(e.getMessage());
        if (!what.equals(trouble)) {
          trouble = what;
          if (!begins) {
            world.event(new Event.DatabaseFailoverStuck(config.name(), what));
          }
          world.admitNobody(what);
        }
        LockSupport.parkNanos((peers == null ? AGAIN : GROUP_AGAIN).toNanos());
      }
    }
  }

  private synchronized boolean isLocked() throws IOException {
    if (lock == null) {
      Files.createDirectories(folder);
      FileChannel file =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock got = null;
      try {
        got = file.tryLock();
      } catch (OverlappingFileLockException _) {
        // another instance of this very process
      }
      if (got == null) {
        file.close();
        return false;
      }
      lock = file;
      if (peers != null) {
        hold(); // whoever held them ends, and the group may take its time
      }
    }
    return true;
  }

  /** Servers that run go on, whatever becomes of the process before this one. */
  private void hold() throws IOException {
    for (String name : own) {
      Path line = folder.resolve(name).resolve("line").toAbsolutePath();
      if (Files.exists(line)) {
        lines.put(line, new RandomAccessFile(line.toFile(), "rw"));
      }
    }
  }

  /**
   * What it goes by.
   *
   * @param hosts from where one may log in beside this machine; empty: from everywhere
   * @param first what is begun with where nothing is remembered; null: it is not for us to say
   */
  private record Memory(
      StateStore store,
      Logins logins,
      Supplier<Set<String>> hosts,
      Supplier<@Nullable ManagedState> first) {}

  private Memory alone(Map<String, MemberFolder> folders) throws IOException {
    StateStore store = new StateFile(folder.resolve("state"));
    ManagedState before = store.read(); // or it is said what is wrong with it
    Logins logins = Logins.of(folder.resolve("secret"), random);
    ManagedState first = before == null ? first(folders) : null;
    return new Memory(store, logins, Set::of, () -> first);
  }

  private Memory together(Peers others, Map<String, MemberFolder> folders) throws IOException {
    ManagedGroup begun = new ManagedGroup(config, others);
    Logins logins = begun.logins(folder.resolve("secret"), random);
    begun.hand(folder.resolve("state"));
    StateShared store = new StateShared(begun.values(), begun.key("state"), this::look);
    try {
      if (store.read() == null) {
        begun.declare(held(folders));
      }
    } catch (IOException e) {
      store.close();
      throw e;
    }
    shared = store;
    group = begun;
    return new Memory(store, logins, begun::hosts, () -> begun.first(manage.acknowledgements()));
  }

  /** There may be another state. */
  private void look() {
    Coordinator present = coordinator;
    if (present != null) {
      present.look();
    }
    agents.values().forEach(MemberAgent::wake);
    LogWitness its = witness;
    if (its != null) {
      its.wake();
    }
  }

  /** Whoever of us and of the members logs in to members. */
  private Set<String> encrypted() {
    Set<String> users = new TreeSet<>();
    if (manage.tls().isPresent() && !manage.tls().get().optional()) {
      users.addAll(List.of(Logins.REPLICATION, Logins.ADMIN, config.probe().user()));
      config.backup().ifPresent(backup -> users.add(backup.user()));
    }
    return Collections.unmodifiableSet(users);
  }

  private synchronized void make(
      @Nullable PostgresPrograms programs, Map<String, MemberFolder> folders, Memory memory)
      throws IOException {
    if (closed) {
      return;
    }
    Logins logins = memory.logins();
    MemberSql members = new MemberSql(sql, logins);
    CompletableFuture<Coordinator> made = new CompletableFuture<>();
    Semaphore readers = new Semaphore(1);
    String archivist = config.backup().map(BackupConfig::user).orElse("");
    Set<String> encrypted = encrypted();
    Map<String, MemberAgent> all = new LinkedHashMap<>();
    folders.forEach((name, its) -> {
      List<String> others = new ArrayList<>(config.members().keySet());
      others.remove(name);
      all.put(
          name,
          new MemberAgent(
              config.name(),
              new Member(name, Objects.requireNonNull(config.members().get(name))),
              others,
              manage,
              config.probe().user(),
              config.probe().password(),
              logins,
              Objects.requireNonNull(programs),
              its,
              members,
              memory.store(),
              () -> made.join().source(),
              this::suspect,
              readers,
              () -> new MemberFolder.Door(memory.hosts().get(), archivist, encrypted),
              world::event,
              () -> made.join().look()));
    });
    LogWitness its =
        ownWitness == null
            ? null
            : new LogWitness(
                config.name(),
                manage,
                ownWitness,
                logins,
                Objects.requireNonNull(programs),
                new MemberFolder(programs, folder.resolve(ownWitness.name())),
                members,
                memory.store(),
                () -> made.join().source(),
                world::event,
                () -> heard(made.join()));
    Coordinator begun =
        new Coordinator(
            config,
            manage,
            all,
            manage.witness().isEmpty() ? null : new Witness(manage.witnessName()),
            members,
            memory.store(),
            memory.first(),
            new Coordinator.World() {
              @Override
              public void admit(String member, int timeline) {
                world.admit(member, timeline);
              }

              @Override
              public void admitNobody(String why) {
                world.admitNobody(why);
              }

              @Override
              public void event(Event event) {
                world.event(event);
              }

              @Override
              public void drain(String member, boolean on) {
                world.drain(member, on);
              }

              @Override
              public void rejoin(String member) {
                Thread _ = Thread.ofVirtual().name("rejoin").start(() -> askToRejoin(member));
              }

              @Override
              public void resign() {
                leaveToOthers();
              }

              @Override
              public void handOver(String from) {
                Thread _ = Thread.ofVirtual().name("hand over").start(() -> leaveDamaged(from));
              }
            });
    made.complete(begun);
    agents = Collections.unmodifiableMap(all);
    witness = its;
    coordinator = begun;
    ManagedGroup others = group;
    if (others != null) {
      orders = new Orders(others.values(), others.key("orders"), new Servant());
      Thread _ = Thread.ofVirtual().name("view of " + config.name()).start(() -> tell(others));
      if (its == null && manage.witness().isPresent()) {
        witnessWatch = others.listenToWitness(begun::look);
      } else if (its != null) {
        Thread _ =
            Thread.ofVirtual()
                .name("witness of " + config.name())
                .start(() -> tellOfWitness(others, its));
      }
    }
    all.values().forEach(MemberAgent::start);
    if (its != null) {
      its.start();
    }
    candidacy = leadership.stand("database/" + config.name(), begun);
  }

  /** The own one, or that of another instance. */
  private final class Witness implements Coordinator.Witness {
    private final String name;

    Witness(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public LogWitness.@Nullable Report report() {
      LogWitness here = witness;
      ManagedGroup others = group;
      return here != null ? here.report() : others == null ? null : others.witness();
    }

    @Override
    public Answer bring(Member member, long term) {
      LogWitness here = witness;
      Orders asking = orders;
      if (here != null) {
        return here.bring(member, term);
      }
      try {
        if (asking == null) {
          throw new IOException("the group is not there yet");
        }
        String said = asking.ask(name, "bring", member.name() + " " + term, BRING);
        return new Answer.Advanced(member.name(), term, LogWitness.position(said));
      } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
        return new Answer.Failed(member.name(), term, String.valueOf(e.getMessage()));
      }
    }

    @Override
    public void wake() {
      LogWitness here = witness;
      if (here != null) {
        here.wake();
      }
    }
  }

  /** The own witness has something to tell. Waits for nobody. */
  private void heard(Coordinator deciding) {
    deciding.look();
    told.release();
  }

  /** As long as it is told late, nobody can count on it. */
  private void tellOfWitness(ManagedGroup others, LogWitness its) {
    while (!closed) {
      try {
        boolean _ = told.tryAcquire(TELL.toMillis(), TimeUnit.MILLISECONDS);
        int _ = told.drainPermits();
        others.tellOfWitness(its.report());
      } catch (IOException _) {
        // when the group is back
      } catch (InterruptedException _) {
        return;
      }
    }
  }

  /** Has a member have what the own witness has, for whoever decides. */
  private String bring(LogWitness its, String with) throws IOException {
    String[] words = with.split(" ", -1);
    HostPort address = words.length == 2 ? config.members().get(words[0]) : null;
    if (address == null) {
      throw new IOException("no member and term: " + with);
    }
    return switch (its.bring(new Member(words[0], address), Long.parseLong(words[1]))) {
      case Answer.Advanced(String _, long _, Position position) -> LogWitness.text(position);
      case Answer.Failed(String _, long _, String why) -> throw new IOException(why);
      case Answer other -> throw new IOException("cannot: " + other);
    };
  }

  /** Does what others order: for own members, and for whoever decides. */
  private final class Servant implements Orders.Servant {
    @Override
    public boolean serves(String whom) {
      Coordinator present = coordinator;
      return whom.equals(Orders.WHO_DECIDES)
          ? present != null && present.decides()
          : agents.containsKey(whom) || (witness != null && whom.equals(manage.witnessName()));
    }

    @Override
    public String obey(String whom, String what, String with) throws IOException {
      if (whom.equals(Orders.WHO_DECIDES)) {
        return what.equals("bootstrap") ? beginWith(present(), with) : move(present(), with);
      }
      LogWitness its = witness;
      if (its != null && whom.equals(its.name()) && what.equals("bring")) {
        return bring(its, with);
      }
      MemberAgent agent = agents.get(whom);
      if (agent == null) {
        throw new IOException("there is no member " + whom + " here");
      }
      switch (what) {
        case "stop" -> stop(whom, agent);
        case "rejoin" -> agent.rejoin();
        case "reinit" -> agent.reinit();
        case "suspect" -> agent.suspect();
        case "accept" -> agent.accept();
        default -> throw new IOException("what " + what + " is, is not known here");
      }
      return "";
    }
  }

  private void askToRejoin(String member) {
    Orders asking = orders;
    try {
      if (asking != null) {
        String _ = asking.ask(member, "rejoin", "", REJOIN);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "{0} is not made fit to follow: {1}", member, e.getMessage());
    }
  }

  /** A page of that member is damaged, and it may not know. Waits for nobody. */
  private void suspect(String member) {
    MemberAgent agent = agents.get(member);
    Orders asking = orders;
    if (agent != null) {
      agent.suspect();
    } else if (asking != null) {
      Thread _ =
          Thread.ofVirtual()
              .name("suspect")
              .start(() -> {
                try {
                  String _ = asking.ask(member, "suspect", "", REJOIN);
                } catch (IOException e) {
                  LOG.log(Level.DEBUG, "{0} is not looked through: {1}", member, e.getMessage());
                }
              });
    }
  }

  private void leaveDamaged(String primary) {
    try {
      String _ = move(present(), "");
    } catch (IOException e) {
      world.event(
          new Event.DatabaseMemberTrouble(
              config.name(),
              primary,
              "has a damaged page, and the writes cannot go elsewhere: " + e.getMessage()));
    }
  }

  private synchronized void leaveToOthers() {
    if (candidacy != null) {
      candidacy.resign();
    }
  }

  private void tell(ManagedGroup others) {
    while (!closed) {
      try {
        Coordinator present = coordinator;
        if (present != null) {
          others.tell(here(present));
        }
      } catch (IOException _) {
        // when the group is back
      }
      LockSupport.parkNanos(TELL.toNanos());
    }
  }

  private ManagedView here(Coordinator present) {
    ManagedView view = present.view();
    LogWitness its = witness;
    if (its != null) {
      view = view.with(its.view());
    }
    if (peers == null) {
      return view;
    }
    String instance = peers.instance();
    return new ManagedView(
        view.coordinates(),
        view.paused(),
        view.term(),
        view.names(),
        view.doing(),
        view.members().stream().map(one -> one.at(instance)).toList(),
        view.steps());
  }

  /** Of an instance that is alone. */
  private ManagedState first(Map<String, MemberFolder> folders) throws IOException {
    Map<String, ManagedGroup.Held> held = held(folders);
    held.values().removeIf(one -> one.equals(ManagedGroup.Held.NOTHING));
    return ManagedGroup.first(
        config.members().keySet().iterator().next(),
        config.members().keySet(),
        config.voters(),
        held,
        manage.acknowledgements());
  }

  /** What there is of own members, and of the witness. */
  private Map<String, ManagedGroup.Held> held(Map<String, MemberFolder> folders)
      throws IOException {
    Map<String, ManagedGroup.Held> held = new LinkedHashMap<>();
    for (Map.Entry<String, MemberFolder> one : folders.entrySet()) {
      MemberFolder its = one.getValue();
      held.put(
          one.getKey(),
          its.hasData()
              ? new ManagedGroup.Held(its.system(its.data()), its.promise())
              : ManagedGroup.Held.NOTHING);
    }
    if (ownWitness != null) {
      held.put(ownWitness.name(), LogWitness.held(folder.resolve(ownWitness.name())));
    }
    return held;
  }

  @Override
  public ManagedView view() {
    Coordinator present = coordinator;
    if (present == null) {
      return new ManagedView(false, false, 0, "", trouble, List.of(), List.of());
    }
    ManagedGroup others = group;
    ManagedView view = here(present);
    return others == null ? view : others.join(view);
  }

  /**
   * Sessions end between transactions, the primary ends in order, and its successor has everything.
   */
  @Override
  public String switchover(String to) throws IOException {
    Coordinator present = present();
    Orders asking = orders;
    return asking == null || present.decides()
        ? move(present, to)
        : asking.ask(Orders.WHO_DECIDES, "switchover", to, SWITCHOVER);
  }

  private String move(Coordinator present, String to) throws IOException {
    if (present.view().paused()) {
      throw new IOException("it is left to an operator: resume it first");
    }
    String _ = present.chooseSuccessor(to); // if nobody can be, it is known before the checkpoint
    String primary = present.primary();
    try {
      present.checkpoint(primary);
    } catch (IOException e) { // it has more to write when it ends, that is all
      LOG.log(Level.DEBUG, "{0} has made no checkpoint: {1}", primary, e.getMessage());
    }
    String successor = present.chooseSuccessor(to);
    if (!primary.equals(present.primary())) {
      throw new IOException(primary + " does not take the writes any more: look, and say it again");
    }
    present.ready(primary);
    present.hold(true);
    try {
      present.leave(primary);
      long begun = System.nanoTime();
      while (System.nanoTime() - begun < DRAIN.toNanos() && !isLeft(present, primary, begun)) {
        LockSupport.parkNanos(5_000_000);
      }
      present.held("clients have ended what they were at");
      MemberAgent agent = agents.get(primary);
      Orders asking = orders;
      if (agent != null) {
        stop(primary, agent);
      } else if (asking != null) {
        String _ = asking.ask(primary, "stop", "", STOP);
      }
      present.held(primary + " has ended in order");
      String wrong = present.move(successor).get(MOVE.toSeconds(), TimeUnit.SECONDS);
      String now = present.primary();
      if (!wrong.isEmpty() && (!to.isEmpty() || now.equals(primary))) {
        throw new IOException(wrong);
      }
      return now; // it may be another, who had more of a primary that did not end in order
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("it takes longer; db status shows how it goes on", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      present.hold(false);
      try {
        present.leave("");
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "whoever decides lets {0} take clients again: {1}", primary, e);
      }
    }
  }

  /** Whether nobody is connected any more; those of other instances have to hear of it first. */
  private boolean isLeft(Coordinator present, String primary, long begun) {
    if (!world.isEmpty(primary)) {
      return false;
    }
    return group == null
        || (System.nanoTime() - begun > HEARD.toNanos() && !present.hasClients(primary));
  }

  private static void stop(String member, MemberAgent agent) throws IOException {
    try {
      if (!agent.stopForNow().get(STOP.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException(member + " does not end");
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(member + " takes longer to end", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void pause(String who) throws IOException {
    present().pause(true, who);
  }

  @Override
  public void resume(String who) throws IOException {
    present().pause(false, who);
  }

  /** Gives up the data of a replica for a new copy of the primary's. */
  @Override
  public void reinit(String member) throws IOException {
    Coordinator deciding = present();
    MemberAgent agent = agents.get(member);
    Orders asking = orders;
    if (!config.members().containsKey(member)) {
      throw new IOException("there is no member " + member);
    }
    if (member.equals(deciding.primary())) {
      throw new IOException(member + " takes the writes: switch over first");
    }
    if (agent != null) {
      agent.reinit();
    } else if (asking != null) {
      String _ = asking.ask(member, "reinit", "", REJOIN);
    }
  }

  @Override
  public String bootstrap(String member) throws IOException {
    Coordinator deciding = present();
    Orders asking = orders;
    if (!config.members().containsKey(member)) {
      throw new IOException("there is no member " + member);
    }
    return asking == null || deciding.decides()
        ? beginWith(deciding, member)
        : asking.ask(Orders.WHO_DECIDES, "bootstrap", member, BOOTSTRAP);
  }

  private String beginWith(Coordinator deciding, String member) throws IOException {
    MemberAgent agent = agents.get(member);
    Orders asking = orders;
    boolean damaged = deciding.isDamaged(member);
    if (damaged && agent != null) {
      agent.accept();
    } else if (damaged && asking != null) {
      String _ = asking.ask(member, "accept", "", REJOIN);
    }
    String why = deciding.force(member);
    if (!why.isEmpty()) {
      return "begins with what " + member + " has, since " + why;
    }
    if (!damaged) {
      throw new IOException(
          member
              + " has no damaged page, and enough others can be asked: who has everything is known,"
              + " or waited for");
    }
    return member + " may be promoted although a page of it is damaged";
  }

  private Coordinator present() throws IOException {
    Coordinator present = coordinator;
    if (present == null) {
      throw new IOException(trouble);
    }
    return present;
  }

  /** Another process goes on with it: servers stay, and nothing is decided here any more. */
  @Override
  public void abandon() {
    end(true);
  }

  /** Ends all members in order, the primary first, so that the others have all it has. */
  @Override
  public void close() {
    end(false);
  }

  private synchronized void end(boolean leaves) {
    if (closed) {
      return;
    }
    closed = true;
    if (candidacy != null) {
      candidacy.close();
    }
    Coordinator present = coordinator;
    String primary = present == null ? "" : present.primary();
    if (present != null) {
      present.close();
    }
    Orders asking = orders;
    if (asking != null) {
      asking.close();
    }
    List<MemberAgent> last = new ArrayList<>();
    agents.forEach((name, agent) -> {
      if (name.equals(primary)) {
        end(agent, leaves);
      } else {
        last.add(agent);
      }
    });
    List<Thread> ending = new ArrayList<>();
    last.forEach(agent -> ending.add(Thread.ofVirtual().start(() -> end(agent, leaves))));
    for (Thread one : ending) {
      try {
        one.join();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    LogWitness its = witness;
    if (its != null) {
      its.close();
    }
    if (witnessWatch != null) {
      witnessWatch.close();
    }
    if (shared != null) {
      shared.close();
    }
    try {
      for (Map.Entry<Path, RandomAccessFile> line : lines.entrySet()) {
        if (leaves) {
          MemberServer.leave(line.getKey(), line.getValue());
        } else {
          line.getValue().close();
        }
      }
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cannot let go of {0}: {1}", folder, e.getMessage());
    }
  }

  private static void end(MemberAgent agent, boolean leaves) {
    if (leaves) {
      agent.abandon();
    } else {
      agent.close();
    }
  }
}
