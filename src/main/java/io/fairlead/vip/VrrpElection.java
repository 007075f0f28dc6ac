package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Scheduler;
import io.fairlead.vip.VrrpAdvert.Read;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owns a virtual IP as {@link VrrpRouter} decides, speaking and hearing through a socket.
 *
 * <p>The kernel holds the addresses for the time after which others take over, at least {@link
 * #LEAST_SECONDS}, and is told again twice a second. RFC 9568 knows no such end; with it an owner
 * that is frozen does not stay one beside the next.
 */
final class VrrpElection implements Election, VrrpRouter.Outside {
  /** A pause of the process for as long as this costs nothing; with less it would. */
  private static final int LEAST_SECONDS = 2;

  private static final Duration RENEWAL = Duration.ofMillis(500);

  /** More adverts than this wait for nobody: the next one says the same. */
  private static final int MOST_WAITING = 64;

  /** Says and hears. */
  interface Voice extends AutoCloseable {
    InetAddress source();

    void say(VrrpAdvert advert, boolean pseudoHeader) throws IOException;

    @Override
    void close();
  }

  /** Opens a voice; what it hears may come on any thread. */
  interface Voices {
    Voice open(Consumer<Read> heard) throws IOException;
  }

  private final Scheduler clock;
  private final Owner owner;
  private final Voice voice;
  private final VrrpRouter router;
  private final int vrid;
  private final List<InetAddress> addresses;
  private final Set<InetAddress> wanted;
  private final AtomicInteger waiting = new AtomicInteger();
  private final Map<String, Long> refused = new TreeMap<>();
  private VipElection.Checksum checksum;
  private int centis;
  private boolean pseudoHeader;
  private boolean owning;
  private boolean ended;
  private long sent;
  private long received;
  private @Nullable String mute;
  private Scheduler.@Nullable Cancellable renewal;

  /**
   * @throws IOException with a sentence for people if it cannot speak
   */
  VrrpElection(Scheduler clock, VipConfig config, VipElection.Vrrp vrrp, Voices voices, Owner owner)
      throws IOException {
    this.clock = clock;
    this.owner = owner;
    this.vrid = vrrp.vrid();
    this.addresses = config.address().stream().map(VipAddress::ip).toList();
    this.wanted = Set.copyOf(addresses);
    this.checksum = vrrp.checksum();
    this.pseudoHeader = checksum != VipElection.Checksum.RFC9568;
    this.centis = centis(vrrp);
    this.voice = voices.open(this::takeIn);
    this.router = new VrrpRouter(clock, voice.source(), settings(config, vrrp), this);
  }

  private static VrrpRouter.Settings settings(VipConfig config, VipElection.Vrrp vrrp) {
    return new VrrpRouter.Settings(
        config.priority(), centis(vrrp), vrrp.preempt(), vrrp.preemptDelay());
  }

  private static int centis(VipElection.Vrrp vrrp) {
    return (int) (vrrp.advertInterval().toMillis() / 10);
  }

  @Override
  public void start(boolean owning) {
    router.start(owning);
  }

  @Override
  public void leave(String why) {
    router.leave(why);
    end();
  }

  @Override
  public void abandon() {
    router.abandon();
    end();
  }

  private void end() {
    ended = true;
    owning = false;
    if (renewal != null) {
      renewal.cancel();
    }
    voice.close();
  }

  @Override
  public void configure(VipConfig config) {
    if (config.elect() instanceof VipElection.Vrrp vrrp) {
      if (checksum != vrrp.checksum()) {
        checksum = vrrp.checksum();
        pseudoHeader = checksum != VipElection.Checksum.RFC9568;
      }
      centis = centis(vrrp);
      router.configure(settings(config, vrrp));
    }
  }

  // --- what is heard -----------------------------------------------------------------------

  /** On the thread that reads. */
  private void takeIn(Read read) {
    if (waiting.incrementAndGet() > MOST_WAITING) {
      waiting.decrementAndGet();
      return;
    }
    clock.execute(() -> {
      waiting.decrementAndGet();
      if (!ended) {
        hear(read);
      }
    });
  }

  private void hear(Read read) {
    switch (read) {
      case Read.Bad(InetAddress _, VrrpAdvert.Fault fault) ->
          refused.merge(fault.name().toLowerCase(Locale.ROOT), 1L, Long::sum);
      case Read.Good(InetAddress from, VrrpAdvert advert, boolean pseudo) -> {
        if (advert.vrid() != vrid || from.equals(voice.source())) {
          return;
        }
        received++;
        if (checksum == VipElection.Checksum.AUTO) {
          pseudoHeader = pseudo;
        }
        if (!wanted.equals(new HashSet<>(advert.addresses()))) {
          owner.contested(
              VipAddress.text(from)
                  + " speaks for virtual router "
                  + vrid
                  + " as well, but with other addresses: "
                  + advert.addresses().stream().map(VipAddress::text).toList());
        }
        router.hear(from, advert.priority(), advert.centis());
      }
    }
  }

  // --- what is decided ---------------------------------------------------------------------

  @Override
  public void advertise(int priority) {
    try {
      voice.say(new VrrpAdvert(vrid, priority, centis, addresses), pseudoHeader);
      sent++;
      if (mute != null) {
        mute = null;
        owner.notice(null);
      }
    } catch (IOException e) {
      String what = String.valueOf(e.getMessage());
      if (!what.equals(mute)) {
        mute = what;
        owner.notice(what);
      }
    }
  }

  @Override
  public void own(String why, @Nullable InetAddress left) {
    hold(why, left);
  }

  private void hold(String why, @Nullable InetAddress left) {
    owning = owner.hold(Math.max(LEAST_SECONDS, router.secondsUntilOthers()), why, left);
    if (owning) {
      renewal = clock.schedule(RENEWAL, () -> hold(why, null));
    } else {
      clock.execute(() -> { // not before the router has finished its sentence
        if (!ended) {
          owner.fail();
        }
      });
    }
  }

  @Override
  public void release(String why) {
    owning = false;
    if (renewal != null) {
      renewal.cancel();
    }
    owner.release(why);
  }

  @Override
  public void contested(InetAddress by, int priority) {
    owner.contested(
        VipAddress.text(by)
            + " speaks as owner, too, with priority "
            + priority
            + "; it has the same virtual router number, or does not hear this instance");
  }

  @Override
  public @Nullable String owner() {
    InetAddress active = router.active();
    return owning ? "" : active == null ? null : VipAddress.text(active);
  }

  @Override
  public long term() {
    return 0;
  }

  @Override
  public Duration handover() {
    return Duration.ofMillis(Math.min(2000, 10L * centis + 300)); // the skew is less than one
  }

  @Override
  public VipStatus.Counters counters() {
    return new VipStatus.Counters(sent, received, Map.copyOf(refused), 0);
  }
}
