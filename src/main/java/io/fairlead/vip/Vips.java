package io.fairlead.vip;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import io.fairlead.vip.bgp.BgpSpeaker;
import io.fairlead.vip.bgp.BgpStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** All virtual IPs of this instance. Any thread may call. */
public final class Vips implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 5;

  /** How long it is waited at most to hear who else has addresses that all have. */
  private static final Duration UNTIL_TOLD = Duration.ofSeconds(10);

  private final VipThread thread = new VipThread();
  private final Scheduler control;
  private final Leadership leadership;
  private final Consumer<Event> events;

  /** Those that are configured; on the thread of this room. */
  private final Map<String, Vip> vips = new LinkedHashMap<>();

  private final BgpSpeaker speaker;
  private final SecondChance secondChance = new SecondChance();
  private volatile Map<String, VipConfig> config = Map.of();
  private boolean ready;

  /** It is known who else has addresses that all have, or it was waited long enough for that. */
  private boolean told;

  private boolean inheriting;
  private volatile List<VipStatus> last = List.of();
  private volatile List<BgpStatus> lastRouters = List.of();

  /**
   * @param control the control thread, where leadership is spoken to
   * @param leadership who holds a lease
   */
  public Vips(Scheduler control, Leadership leadership, Consumer<Event> events) {
    this.control = control;
    this.leadership = leadership;
    this.events = events;
    this.speaker = BgpSpeaker.of(thread, new SplittableRandom(), events);
  }

  /**
   * From now on these and no others are wanted. What stays is not given up. Waits for programs
   * where a second chance is wanted.
   */
  public void configure(Map<String, VipConfig> next, Optional<BgpConfig> bgp) {
    config = next;
    Set<InetAddress> routers = new HashSet<>();
    bgp.ifPresent(it -> it.peers().values().forEach(peer -> routers.add(peer.address())));
    try {
      secondChance.install(next, routers);
    } catch (IOException e) {
      tell(String.valueOf(e.getMessage()));
    }
    call(() -> {
      speaker.configure(bgp, virtual());
      vips.entrySet()
          .removeIf(entry -> {
            boolean gone = !next.containsKey(entry.getKey());
            if (gone) {
              entry.getValue().end("it is not configured any more");
            }
            return gone;
          });
      next.forEach((name, wanted) -> {
        Vip known = vips.get(name);
        if (known != null) {
          known.configure(wanted);
        } else {
          Vip made = new Vip(wanted, thread, this::place, this::election, events);
          vips.put(name, made);
          begin(made, false);
        }
      });
    });
  }

  /**
   * Where connections may be that another instance knows nothing of, as all have the address. Waits
   * for programs where that matters.
   *
   * @param sharers addresses of all instances on one link, in an order on which they agree
   * @param self the place of this one among them; -1: it is not among them
   */
  public void share(List<InetAddress> sharers, int self) {
    boolean alone = self < 0 || sharers.size() < 2;
    try {
      secondChance.ask(
          alone
              ? SecondChance.Ring.ALONE
              : new SecondChance.Ring(sharers.size(), sharers.get((self + 1) % sharers.size())));
    } catch (IOException e) {
      tell(String.valueOf(e.getMessage()));
    }
    if (self >= 0) {
      call(this::beginTold);
    }
  }

  private void beginTold() {
    if (!told) {
      told = true;
      vips.values().forEach(vip -> begin(vip, inheriting));
    }
  }

  /** Takes part, unless it would be sent connections of others and does not know whose. */
  private void begin(Vip vip, boolean inherits) {
    if (!ready) {
      return;
    }
    if (told || !SecondChance.isShared(vip.config())) {
      vip.begin(inherits);
    } else {
      vip.postpone("waits until the group says who else has it");
      Object _ = thread.schedule(UNTIL_TOLD, this::beginTold);
    }
  }

  private void tell(String trouble) {
    config.values().stream()
        .filter(VipConfig::secondChance)
        .forEach(vip -> events.accept(new Event.VipTrouble(vip.name(), trouble)));
  }

  /**
   * The instance serves: takes part in elections from now on.
   *
   * @param inheriting whether another process of this machine hands over what it owns
   */
  public void start(boolean inheriting) {
    call(() -> {
      ready = true;
      this.inheriting = inheriting;
      speaker.start();
      vips.values()
          .forEach(vip -> {
            vip.finish(); // what a drain before has left
            begin(vip, inheriting);
          });
    });
  }

  /**
   * The instance drains: gives up what it owns. Returns when that is done.
   *
   * @return how long clients may still come here before they find the next owner
   */
  public Duration leave(String why) {
    AtomicReference<Duration> longest = new AtomicReference<>(Duration.ZERO);
    call(() -> {
      ready = false;
      for (Vip vip : vips.values()) {
        Duration one = vip.drain(why);
        longest.accumulateAndGet(one, (a, b) -> a.compareTo(b) > 0 ? a : b);
      }
    });
    return longest.get();
  }

  /** Another process of this machine goes on with what this one owns. */
  public void abandon() {
    call(() -> {
      ready = false;
      vips.values().forEach(Vip::abandon);
      speaker.stop("another process takes over");
    });
    secondChance.abandon();
  }

  /** How they are, in the order of the configuration. */
  public List<VipStatus> status() {
    last = ask(() -> vips.values().stream().map(Vip::status).toList(), last);
    return last;
  }

  /** How the sessions with routers are, in the order of the configuration. */
  public List<BgpStatus> routers() {
    lastRouters = ask(speaker::status, lastRouters);
    return lastRouters;
  }

  /** As they were when it was asked last, if the thread is busy or has ended. */
  private <T> T ask(Supplier<T> question, T otherwise) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    thread.execute(() -> answer.complete(question.get()));
    try {
      return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      // As it was.
    }
    return otherwise;
  }

  private void call(Runnable task) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    thread.execute(() -> {
      try {
        task.run();
      } finally {
        done.complete(true);
      }
    });
    try {
      Boolean _ = done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      // It will be done; whoever asked has something else to do.
    }
  }

  // --- what they are made of ---------------------------------------------------------------

  private Place place(VipConfig vip) throws IOException {
    if (!Posix.isLinux()) {
      throw new IOException("virtual IPs need Linux on x86-64 or ARM64");
    }
    return vip.elect() instanceof VipElection.Bgp
        ? Link.openSilent(vip.networkInterface(), vip.address())
        : Link.open(vip.networkInterface(), vip.address(), secondChance.table(vip.name()));
  }

  private Election election(VipConfig vip, Place place, Election.Owner owner) throws IOException {
    return switch (vip.elect()) {
      case VipElection.Bgp bgp -> new BgpElection(thread, speaker, vip, bgp, owner);
      case VipElection.Lease _ -> new LeaseElection(thread, control, leadership, vip, owner);
      case VipElection.Vrrp vrrp ->
          new VrrpElection(
              thread, vip, vrrp, heard -> speak(vip, vrrp, (Link) place, heard), owner);
    };
  }

  private VrrpElection.Voice speak(
      VipConfig vip, VipElection.Vrrp vrrp, Link link, Consumer<VrrpAdvert.Read> heard)
      throws IOException {
    boolean ipv4 = vip.address().getFirst().isIpv4();
    boolean local =
        vrrp.peers().isEmpty() || vrrp.peers().stream().allMatch(InetAddress::isLinkLocalAddress);
    InetAddress source = link.source(ipv4, local, virtual());
    return VrrpSocket.open(link.look(), source, vrrp.peers(), heard);
  }

  /** Addresses that move, which are nobody's own. */
  private Set<InetAddress> virtual() {
    Set<InetAddress> virtual = new HashSet<>();
    config.values().forEach(one -> one.address().forEach(a -> virtual.add(a.ip())));
    return virtual;
  }

  /** Ends without giving anything up by itself; {@link #leave} or {@link #abandon} come before. */
  @Override
  public void close() {
    call(() -> {
      vips.values().forEach(Vip::finish);
      speaker.stop("the instance has ended");
    });
    speaker.close();
    secondChance.close();
    thread.close();
  }
}
