package io.fairlead.dns;

import io.fairlead.config.DnsConfig;
import io.fairlead.config.DnsZoneConfig;
import io.fairlead.config.DnsZoneConfig.Policy;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.limit.RateLimiter;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;

/**
 * Everything that answers questions of the DNS: sockets, zones, balanced names. A change goes as
 * everywhere: build what is new while the old answers, show it on the control thread, close what is
 * no longer wanted.
 */
public final class DnsServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DnsServer.class.getName());

  /** Threads that answer at most, over all addresses. */
  private static final int WORKERS = 256;

  /** Networks and likenesses that are told apart for the limit of like answers. */
  private static final int LIKENESSES = 100_000;

  /** 2026-01-01: what is added to serial numbers counts from here. */
  private static final long SERIAL_EPOCH = 1_767_225_600;

  /** Of so many looks one is at everything. */
  private static final int LOOKS_AT_ALL = 10;

  /** Makes members of what a pool names. */
  public interface Pools {
    /**
     * The members of a pool.
     *
     * @param name the balanced name, whole
     * @param index of the pool, from 0
     */
    Members of(String name, int index, DnsZoneConfig.Pool pool);
  }

  /** Sockets of one address. */
  private record Port(List<UdpPort> datagrams, TcpPort connections, InetSocketAddress bound) {
    void start() {
      datagrams.forEach(UdpPort::start);
      connections.start();
    }

    void close() {
      try {
        for (UdpPort port : datagrams) {
          port.close();
        }
        connections.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "a socket of {0} could not be closed: {1}", bound, e.getMessage());
      }
    }
  }

  /** A configuration that has been built and not been shown yet. */
  public static final class Prepared {
    private final DnsConfig config;
    private final Snapshot snapshot;
    private final Map<HostPort, Port> ports;
    private final List<Port> opened;

    private Prepared(
        DnsConfig config, Snapshot snapshot, Map<HostPort, Port> ports, List<Port> opened) {
      this.config = config;
      this.snapshot = snapshot;
      this.ports = ports;
      this.opened = opened;
    }
  }

  private final Scheduler control;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private final byte[] ownSecret = new byte[16];
  private final LoopCounters<DnsCounter> counters = new LoopCounters<>(WORKERS, DnsCounter.class);
  private final Map<String, LoopCounters<ZoneCounter>> zoneCounters = new ConcurrentHashMap<>();
  private final Map<String, LoopCounters<NameCounter>> nameCounters = new ConcurrentHashMap<>();
  private final Responder responder;
  private final BlockingQueue<Worker> connectionWorkers = new ArrayBlockingQueue<>(WORKERS);
  private final TcpPort.Shared shared;
  private final Notifier notifier;
  private final RecordNames recordNames;
  private final AnswerRings records = new AnswerRings();
  private final boolean[] taken = new boolean[WORKERS];
  private Map<HostPort, Port> ports = Map.of();
  private boolean answersConnections;
  private int looks;
  private DnsConfig config = DnsConfig.NONE;
  private @Nullable RateLimiter limiter;
  private volatile Snapshot snapshot =
      new Snapshot(
          new NameTable(List.of()),
          List.of(),
          Map.of(),
          Sites.NONE,
          new Cookies(List.of(new byte[16])),
          null,
          0,
          List.of(),
          "",
          Map.of());

  /**
   * @param random used by whoever prepares and by the control thread, one at a time
   * @param recordNames what records call what is named
   * @param challenges what is answered beside zones
   */
  public DnsServer(
      Scheduler control,
      RandomGenerator random,
      Consumer<Event> events,
      RecordNames recordNames,
      DnsChallenges challenges) {
    this.responder = new Responder(counters, challenges);
    this.recordNames = recordNames;
    this.control = control;
    this.random = random;
    this.events = events;
    this.notifier = new Notifier(new SplittableRandom(random.nextLong()));
    random.nextBytes(ownSecret);
    taken[0] = true; // what is counted of accepting
    shared =
        new TcpPort.Shared(
            responder, () -> snapshot, counters, connectionWorkers, control::epochMillis, 0);
  }

  // --- changes -----------------------------------------------------------------------------

  /**
   * Reads zones, builds what is answered from and opens what is not open yet. Not by two threads at
   * once.
   *
   * @throws IOException if a zone's file is wrong or an address cannot be had; nothing has changed
   */
  public Prepared prepare(DnsConfig wanted, Pools pools) throws IOException {
    Map<HostPort, Port> next = new LinkedHashMap<>();
    List<Port> opened = new ArrayList<>();
    try {
      if (!answersConnections && wanted.enabled()) {
        for (int i = 0; i < Math.max(2, wanted.threads()); i++) {
          Worker worker = new Worker(take(), Responder.TCP_LIMIT, random.nextLong());
          records.add(worker);
          connectionWorkers.add(worker);
        }
        answersConnections = true;
      }
      for (HostPort address : wanted.bind()) {
        Port known = ports.get(address);
        if (known == null) {
          known = open(address, wanted.threads());
          opened.add(known);
        }
        next.put(address, known);
      }
      return new Prepared(wanted, build(wanted, pools), next, opened);
    } catch (IOException | RuntimeException e) {
      opened.forEach(this::give);
      throw e;
    }
  }

  /**
   * From now on answers are recorded there. Not while something is prepared; may wait.
   *
   * @param rings null: nowhere; all that was recorded before is in the rings then
   */
  public void record(@Nullable RecordRings rings) {
    records.use(rings);
  }

  /** What was prepared is not wanted. */
  public void discard(Prepared prepared) {
    prepared.opened.forEach(this::give);
  }

  /** From now on that is answered. Control thread. */
  public void show(Prepared prepared) {
    Snapshot before = snapshot;
    Snapshot now = prepared.snapshot;
    config = prepared.config;
    shared.limits = config.tcp();
    Set<String> moved = new HashSet<>();
    now.balanced()
        .forEach((name, balanced) -> {
          Balanced old = before.balanced().get(name);
          if (old != null) {
            balanced.inherit(old);
          }
          Choices _ = balanced.refresh(control.nanoTime());
          if (old == null || !Balanced.isSame(old.choices(), balanced.choices())) {
            moved.add(name);
          }
          say(balanced, old == null ? null : old.choices());
        });
    Map<String, ZoneData> known = new HashMap<>();
    before.zones().forEach(zone -> known.put(zone.toString(), zone));
    for (ZoneData zone : now.zones()) {
      ZoneData old = known.get(zone.toString());
      if (old != null && isMoving(zone)) {
        zone.setSerial(old.serial());
      }
      boolean same =
          old != null
              && old.fileSerial() == zone.fileSerial()
              && zone.chosen.stream()
                  .noneMatch(each -> each.balanced != null && moved.contains(each.balanced.name));
      touch(zone, !same);
    }
    snapshot = now;
    prepared.opened.forEach(Port::start);
  }

  /** Closes what is no longer wanted. After {@link #show}. */
  public void retire(Prepared shown) {
    Map<HostPort, Port> before = ports;
    ports = shown.ports;
    before.forEach((address, port) -> {
      if (!port.equals(ports.get(address))) {
        give(port);
      }
    });
  }

  private void give(Port port) {
    port.close();
    port.datagrams().forEach(each -> taken[each.index()] = false);
  }

  private Port open(HostPort address, int threads) throws IOException {
    InetSocketAddress wanted =
        new InetSocketAddress(InetAddress.getByName(address.host()), address.port());
    IOException last = null;
    // With any free port, that of datagrams may be taken for connections.
    for (int attempt = 0; attempt < (address.port() == 0 ? 20 : 1); attempt++) {
      List<UdpPort> datagrams = new ArrayList<>();
      List<Worker> workers = new ArrayList<>();
      try {
        InetSocketAddress bound = wanted;
        for (int i = 0; i < threads; i++) {
          Worker worker = new Worker(take(), UdpPort.LONGEST_QUESTION, random.nextLong());
          UdpPort port = UdpPort.open(bound, worker, responder, () -> snapshot);
          datagrams.add(port);
          bound = port.address();
          workers.add(worker);
        }
        int listener =
            recordNames.number(
                RecordNames.Kind.LISTENER,
                new HostPort(address.host(), bound.getPort()).toString());
        TcpPort connections = new TcpPort(bound, listener, shared);
        for (Worker worker : workers) {
          worker.listener = listener;
          records.add(worker);
        }
        return new Port(datagrams, connections, bound);
      } catch (IOException e) {
        last = new IOException("dns.bind: cannot listen on " + address + ": " + e.getMessage(), e);
        for (UdpPort port : datagrams) {
          port.close();
          taken[port.index()] = false;
        }
      }
    }
    throw last == null ? new IOException("dns.bind: no free port") : last;
  }

  private int take() throws IOException {
    for (int i = 0; i < WORKERS; i++) {
      if (!taken[i]) {
        taken[i] = true;
        return i;
      }
    }
    throw new IOException("dns.threads: must not be more than " + WORKERS + " over all addresses");
  }

  private Snapshot build(DnsConfig wanted, Pools pools) throws IOException {
    Sites sites = wanted.sites().isEmpty() ? Sites.NONE : new Sites(wanted.sites());
    Map<String, Balanced> all = new LinkedHashMap<>();
    List<ZoneData> zones = new ArrayList<>();
    List<Owner> owners = new ArrayList<>();
    int workers = wanted.threads() * Math.max(1, wanted.bind().size()) + wanted.threads() + 2;
    for (DnsZoneConfig zone : wanted.zones().values()) {
      Map<String, Balanced> balanced = new LinkedHashMap<>();
      zone.balanced()
          .forEach((name, one) -> {
            List<Members> sources = new ArrayList<>();
            for (int i = 0; i < one.pools().size(); i++) {
              sources.add(pools.of(name, i, one.pools().get(i)));
            }
            balanced.put(
                name,
                new Balanced(name, one, sources, sites.names(), workers, nameCounters(zone, name)));
          });
      List<byte[]> deeper =
          wanted.zones().keySet().stream()
              .filter(other -> other.endsWith("." + zone.name()))
              .map(Names::of)
              .toList();
      ZoneData built =
          ZoneBuilder.build(
              zone,
              deeper,
              balanced,
              zoneCounters.computeIfAbsent(
                  zone.name(), _ -> new LoopCounters<>(WORKERS, ZoneCounter.class)),
              (int) secondsSinceEpoch());
      zones.add(built);
      owners.addAll(built.owners);
      all.putAll(balanced);
    }
    Map<String, TsigKey> keys = new HashMap<>();
    wanted.keys().forEach((name, key) -> keys.put(name, new TsigKey(name, key)));
    List<byte[]> secrets = new ArrayList<>();
    for (Secret secret : wanted.cookieSecret()) {
      secrets.add(HexFormat.of().parseHex(secret.value()));
    }
    if (secrets.isEmpty()) {
      secrets.add(ownSecret);
    }
    return new Snapshot(
        new NameTable(owners),
        zones,
        all,
        sites,
        new Cookies(secrets),
        limiter(wanted.responseRate()),
        wanted.responseRate().slip(),
        wanted.responseRate().exempt(),
        wanted.serverId(),
        keys);
  }

  private LoopCounters<NameCounter> nameCounters(DnsZoneConfig zone, String name) {
    return nameCounters.computeIfAbsent(
        zone.name() + " " + name, _ -> new LoopCounters<>(WORKERS, NameCounter.class));
  }

  /** One that counts already goes on. */
  private @Nullable RateLimiter limiter(DnsConfig.ResponseRate rate) {
    if (rate.rate().isEmpty()) {
      return null;
    }
    long interval = rate.rate().get().intervalNanos();
    RateLimiter present = limiter;
    if (present == null || present.intervalNanos() != interval) {
      int burst = rate.rate().get().count();
      present = new RateLimiter(interval, burst, LIKENESSES, random.nextLong());
      limiter = present;
    }
    return present;
  }

  // --- what happens ------------------------------------------------------------------------

  /** A member may be another one, up or down: choices are made anew. Control thread. */
  public void refresh() {
    refresh(true);
  }

  /**
   * @param all or only what follows load
   */
  private void refresh(boolean all) {
    Snapshot present = snapshot;
    for (ZoneData zone : present.zones()) {
      boolean changed = false;
      for (Owner owner : zone.chosen) {
        Balanced balanced = owner.balanced;
        if (balanced != null && (all || balanced.policy == Policy.LEAST_CONNECTIONS)) {
          Choices before = balanced.refresh(control.nanoTime());
          changed |= !Balanced.isSame(before, balanced.choices());
          say(balanced, before);
        }
      }
      if (changed) {
        touch(zone, true);
      }
    }
  }

  /**
   * Twice a second: what follows load; now and then everything, since a host name that has been
   * looked up is no news. Control thread.
   */
  public void look() {
    if (config.enabled()) {
      refresh(looks++ % LOOKS_AT_ALL == 0);
      shared.sweep();
    }
  }

  private void say(Balanced balanced, @Nullable Choices before) {
    Choices now = balanced.choices();
    if (before != null && before.pool == now.pool && before.failOpen == now.failOpen) {
      return;
    }
    if (now.failOpen) {
      events.accept(
          new Event.NameFailsOpen(
              balanced.name, now.pool < 0 ? "" : balanced.pools().get(now.pool).text()));
    } else if (before != null || now.pool > 0) {
      events.accept(new Event.NameUsesPool(balanced.name, balanced.pools().get(now.pool).text()));
    }
  }

  /** Copies of such a zone elsewhere have to follow what is up. */
  private static boolean isMoving(ZoneData zone) {
    return zone.settings.transfer().enabled() && !zone.chosen.isEmpty();
  }

  /**
   * What a copy of the zone would have has changed. The serial number of the file grows with each
   * change of the file; what is added to it, seconds, grows with time, and so does the sum.
   */
  private void touch(ZoneData zone, boolean changed) {
    if (changed) {
      if (isMoving(zone)) {
        int next = zone.fileSerial() + (int) secondsSinceEpoch();
        zone.setSerial(next - zone.serial() > 0 ? next : zone.serial() + 1);
      }
      notifier.changed(zone);
    }
  }

  private long secondsSinceEpoch() {
    return control.epochMillis() / 1000 - SERIAL_EPOCH;
  }

  /**
   * What an operator says of a member counts from now on. Control thread.
   *
   * @return what is wrong; null: nothing
   */
  public @Nullable String force(String name, String address, Forced said) {
    String objection = objection(name, address);
    Balanced balanced = snapshot.balanced().get(name.toLowerCase(Locale.ROOT));
    if (objection != null || balanced == null) {
      return objection;
    }
    String literal = InetAddress.ofLiteral(address).getHostAddress();
    Map<String, Forced> forced = new TreeMap<>(balanced.forced());
    if (said == Forced.AUTO) {
      forced.remove(literal);
    } else {
      forced.put(literal, said);
    }
    balanced.setForced(forced);
    refresh();
    return null;
  }

  /**
   * The same of all members of all names. Control thread.
   *
   * @param said by name and address; what is not in it follows probes
   */
  public void follow(Map<String, Map<String, Forced>> said) {
    snapshot
        .balanced()
        .forEach((name, balanced) -> balanced.setForced(said.getOrDefault(name, Map.of())));
    refresh();
  }

  /**
   * For how many seconds copies of present answers may name one of these; 0: none does. Control
   * thread.
   */
  public int secondsOf(Set<InetAddress> addresses) {
    int seconds = 0;
    for (Balanced balanced : snapshot.balanced().values()) {
      Choices now = balanced.choices();
      for (InetAddress each : addresses) {
        if (now.v4[0].contains(each.getAddress()) || now.v6[0].contains(each.getAddress())) {
          seconds = Math.max(seconds, now.ttl);
        }
      }
    }
    return seconds;
  }

  /** Why nothing can be said of such a member; null: it can. Control thread. */
  public @Nullable String objection(String name, String address) {
    Balanced balanced = snapshot.balanced().get(name.toLowerCase(Locale.ROOT));
    if (balanced == null) {
      return "there is no balanced name " + name;
    }
    String literal;
    try {
      literal = InetAddress.ofLiteral(address).getHostAddress();
    } catch (IllegalArgumentException _) {
      return address + " is no address";
    }
    boolean known =
        balanced.pools().stream()
            .flatMap(pool -> pool.now().stream())
            .anyMatch(member -> member.address().getHostAddress().equals(literal));
    return known ? null : name + " has no member " + address;
  }

  // --- questions ---------------------------------------------------------------------------

  /** Where it listens. Any thread, when nothing is being changed. */
  public List<InetSocketAddress> addresses() {
    return ports.values().stream().map(Port::bound).toList();
  }

  public LoopCounters<DnsCounter> counters() {
    return counters;
  }

  /** Connections that are open. */
  public int connections() {
    return shared.open.size();
  }

  /** How often each zone answered what. Any thread. */
  public List<DnsView.Code> codes() {
    List<DnsView.Code> codes = new ArrayList<>();
    for (ZoneData zone : snapshot.zones()) {
      for (ZoneCounter counter : ZoneCounter.values()) {
        String word = counter.name().toLowerCase(Locale.ROOT);
        codes.add(new DnsView.Code(zone.toString(), word, zone.counters.get(counter)));
      }
    }
    return codes;
  }

  /** How often balanced names were answered. Any thread. */
  public List<DnsView.Counted> counted() {
    List<DnsView.Counted> names = new ArrayList<>();
    for (ZoneData zone : snapshot.zones()) {
      for (Owner owner : zone.chosen) {
        Balanced balanced = owner.balanced;
        if (balanced != null) {
          LoopCounters<NameCounter> count = balanced.counters;
          names.add(
              new DnsView.Counted(
                  zone.toString(),
                  balanced.name,
                  count.get(NameCounter.ANSWERS),
                  count.get(NameCounter.FAIL_OPEN),
                  count.get(NameCounter.EMPTY)));
        }
      }
    }
    return names;
  }

  /** Everything that is answered for. Control thread. */
  public List<DnsView.Zone> zones() {
    List<DnsView.Zone> zones = new ArrayList<>();
    for (ZoneData zone : snapshot.zones()) {
      List<DnsView.Name> names = new ArrayList<>();
      for (Owner owner : zone.chosen) {
        if (owner.balanced != null) {
          names.add(view(owner.balanced));
        }
      }
      zones.add(
          new DnsView.Zone(
              zone.toString(),
              Integer.toUnsignedLong(zone.serial()),
              Transfer.count(zone.owners),
              names));
    }
    return zones;
  }

  private static DnsView.Name view(Balanced balanced) {
    Choices choices = balanced.choices();
    List<DnsView.Pool> pools = new ArrayList<>();
    for (int i = 0; i < balanced.pools().size(); i++) {
      Members source = balanced.pools().get(i);
      List<DnsView.One> members = new ArrayList<>();
      for (Member member : source.now()) {
        Forced said = Choices.said(balanced.forced(), member);
        members.add(
            new DnsView.One(
                member.address().getHostAddress(),
                member.name(),
                member.draining() ? "draining" : member.up() ? "up" : "down",
                said.name().toLowerCase(Locale.ROOT),
                i == choices.pool
                    && (choices.v4[0].contains(member.address().getAddress())
                        || choices.v6[0].contains(member.address().getAddress())),
                member.weight(),
                member.site()));
      }
      pools.add(new DnsView.Pool(source.text(), members));
    }
    return new DnsView.Name(
        balanced.name,
        balanced.policy.name().toLowerCase(Locale.ROOT).replace('_', '-'),
        choices.failOpen,
        choices.pool + 1,
        choices.ttl,
        pools);
  }

  /**
   * The answer that such a client would get now, if its resolver said who asks. Any thread; may
   * wait a moment.
   *
   * @param name as people write it
   * @param type its number
   */
  public DnsView.Asked ask(String name, int type, InetAddress client) throws InterruptedException {
    byte[] question = question(name, type, client);
    Worker worker = connectionWorkers.take();
    byte[] answer;
    try {
      System.arraycopy(question, 0, worker.in, 0, question.length);
      worker.peer.set(client);
      int size =
          responder.answer(
              worker,
              question.length,
              true,
              snapshot,
              control.nanoTime(),
              control.epochMillis() / 1000);
      answer = Arrays.copyOf(worker.answer.out, Math.max(size, 0));
    } finally {
      connectionWorkers.add(worker);
    }
    try {
      Message message = new Message(answer);
      return new DnsView.Asked(
          Rcode.string(message.getRcode()),
          message.getHeader().getFlag(Flags.AA),
          lines(message, Section.ANSWER),
          lines(message, Section.AUTHORITY));
    } catch (IOException e) {
      throw new IllegalStateException("an answer of ours cannot be read", e);
    }
  }

  /** Answers what is in the worker. For tests: their thread is that of the worker. */
  int answer(Worker worker, int length, boolean tcp) {
    return responder.answer(
        worker, length, tcp, snapshot, control.nanoTime(), control.epochMillis() / 1000);
  }

  private static byte[] question(String name, int type, InetAddress client) {
    byte[] address = client.getAddress();
    Answer out = new Answer(1024);
    out.u32(0);
    out.u16(1);
    out.u32(0);
    out.u16(1);
    out.bytes(Names.of(name));
    out.u16(type);
    out.u16(Type.CLASS_IN);
    out.u8(0);
    out.u16(Type.OPT);
    out.u16(Responder.UDP_LIMIT);
    out.u32(0);
    out.u16(8 + address.length);
    out.u16(Query.SUBNET);
    out.u16(4 + address.length);
    out.u16(address.length == 4 ? 1 : 2);
    out.u8(8 * address.length);
    out.u8(0);
    out.bytes(address);
    return Arrays.copyOf(out.out, out.at);
  }

  private static List<String> lines(Message message, int section) {
    return message.getSection(section).stream()
        .map(record -> record.toString().replaceAll("\\s+", " "))
        .toList();
  }

  @Override
  public void close() {
    ports.values().forEach(Port::close);
    ports = Map.of();
    shared.open.forEach(TcpPort.Connection::close);
  }
}
