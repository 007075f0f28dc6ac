package io.fairlead.group;

import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import java.lang.System.Logger.Level;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Roles by leases that are values of the group's state: who holds one changes it, under the
 * condition that nobody else did, every {@value #RENEW_MILLIS} ms; whoever waits for it takes it by
 * such a change once it has not changed for the lease's time and a margin.
 *
 * <p>No clocks are compared. The holder counts from the moment before it asks, the successor from
 * the moment it first sees what the holder wrote, which is later, or from one that is known to be
 * later by how much time the holder let pass since it asked before; each by a clock that never goes
 * back. The margin is for clocks that run at different speeds. A process that was frozen finds that
 * the time is over before it does anything else in the role's name, if it looks at the clock first,
 * as {@link Leadership.Candidate#renewed} says. What a clock cannot tell is that a whole machine
 * was stopped and went on, clock and all: there the term is what keeps an old holder out.
 */
final class Leases implements Leadership, AutoCloseable {
  /**
   * Longer than a group is without a majority after its leader has frozen (1.5 s), and the time
   * between two renewals besides: what happens to one instance takes no role from another.
   */
  static final Duration TTL = Duration.ofMillis(2500);

  static final int RENEW_MILLIS = 500;
  static final Duration MARGIN = Duration.ofMillis(250);
  private static final Duration LOOK = Duration.ofMillis(100);

  /** In place of the revision of a lease: nobody has looked, or there is none. */
  private static final long NOT_SEEN = -2;

  private static final long ABSENT = -1;
  private static final String ROLES = "/roles";

  /** A term, its holder, and when that one asked, by a clock of its own. */
  private static final Pattern WRITTEN =
      Pattern.compile("([0-9]{1,18}) ([^ ]*)(?: (-?[0-9]{1,18}))?");

  private static final System.Logger LOG = System.getLogger(Leases.class.getName());

  private final Scheduler control;
  private final GroupState state;
  private final String self;
  private final Consumer<String> refused;
  private final List<Candidature> all = new CopyOnWriteArrayList<>();

  /**
   * @param self who this is, unlike any other process
   */
  Leases(Scheduler control, GroupState state, String self) {
    this(control, state, self, _ -> {});
  }

  /**
   * @param refused is told why a role cannot be had by anybody, each time it was looked at
   */
  Leases(Scheduler control, GroupState state, String self, Consumer<String> refused) {
    this.refused = refused;
    this.control = control;
    this.state = state;
    this.self = self;
  }

  /**
   * What stands in the state.
   *
   * @param holder empty: nobody
   * @param asked when the holder asked for it: milliseconds of a clock of its own, to be compared
   *     with those of another lease of the same holder; null: it does not say
   */
  private record Lease(String holder, long term, @Nullable Long asked) {
    static final Lease NONE = new Lease("", 0, null);

    static Lease of(GroupState.@Nullable Entry entry) throws GroupException {
      if (entry == null || entry.value().length == 0) {
        return NONE;
      }
      String text = new String(entry.value(), StandardCharsets.UTF_8);
      Matcher written = WRITTEN.matcher(text);
      if (!written.matches()) {
        // Nobody may guess a term: one that was given before could be given again.
        throw new GroupException(
            GroupException.Kind.REFUSED,
            "what stands at " + entry.path() + " is no lease; nobody has that role");
      }
      String asked = written.group(3);
      return new Lease(
          written.group(2),
          Long.parseLong(written.group(1)),
          asked == null ? null : Long.valueOf(asked));
    }

    byte[] bytes() {
      String text = term + " " + holder + (asked == null ? "" : " " + asked);
      return text.getBytes(StandardCharsets.UTF_8);
    }

    /** How much later than that one it was asked for; null: that is not known. */
    @Nullable Duration after(Lease earlier) {
      return asked == null
              || earlier.asked == null
              || !holder.equals(earlier.holder)
              || asked < earlier.asked
          ? null
          : Duration.ofMillis(asked - earlier.asked);
    }
  }

  @Override
  public Candidacy stand(String role, Candidate candidate) {
    Candidature made = new Candidature(role, candidate);
    all.add(made);
    made.thread = Thread.ofVirtual().name("lease " + role).start(made::run);
    return made;
  }

  /** For tests that turn the clock: as {@link #stand}, but nothing runs unless told. */
  Candidature standStill(String role, Candidate candidate) {
    Candidature made = new Candidature(role, candidate);
    all.add(made);
    return made;
  }

  @Override
  public void close() {
    all.forEach(Candidature::close);
    for (Candidature each : all) {
      Thread thread = each.thread;
      if (thread != null) {
        try {
          thread.join(Duration.ofSeconds(2)); // what is given up now has not to be waited for
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** One who stands for one role. */
  final class Candidature implements Candidacy {
    private final String path;
    private final String role;
    private final Candidate candidate;
    private volatile @Nullable Thread thread;
    private volatile boolean closed;

    // Of the control thread.
    private boolean held;
    private long heldTerm;
    private long heldUntil;

    // Told by the control thread to the other.
    private volatile boolean release;
    private volatile long expiredTerm;

    // Of the thread that asks.
    private boolean ready;
    private long term; // of our own lease; 0: none
    private int version = -1; // as last seen; -1: there is none
    private long revision = NOT_SEEN; // of its last change
    private Lease seen = Lease.NONE;
    private long seenNanos; // when
    private long askedNanos; // by our clock, it was not asked for later
    private long notBeforeNanos = control.nanoTime();

    Candidature(String role, Candidate candidate) {
      this.role = role;
      this.path = ROLES + "/" + URLEncoder.encode(role, StandardCharsets.UTF_8);
      this.candidate = candidate;
    }

    private void run() {
      while (!closed || release) {
        boolean last = closed;
        Duration pause = step();
        if (last) {
          return;
        }
        LockSupport.parkNanos(pause.toNanos());
      }
    }

    /**
     * Looks, and renews or takes the lease if it is time.
     *
     * @return how long to wait
     */
    Duration step() {
      try {
        if (release) {
          giveUp();
          release = false;
        } else if (!closed) {
          return advance();
        }
      } catch (GroupException e) {
        LOG.log(Level.DEBUG, "role {0}: {1}", role, e.getMessage());
        if (e.kind() == GroupException.Kind.REFUSED) {
          refused.accept(String.valueOf(e.getMessage()));
        }
        // What became of a change of ours is seen next time. What was seen before has been seen all
        // the same: while a majority is found again after the holder's end, the time counts.
      }
      return LOOK;
    }

    private Duration advance() throws GroupException {
      if (!ready) {
        state.ensure(ROLES);
        ready = true;
      }
      GroupState.Entry entry = state.peek(path);
      Lease lease = Lease.of(entry);
      long now = entry == null ? ABSENT : entry.revision();
      if (now != revision) {
        sees(lease, now, entry == null ? -1 : entry.version());
      }
      boolean ours = lease.holder().equals(self);
      if (ours && lease.term() == term && expiredTerm < term) {
        return take(lease.term());
      }
      long waited = control.nanoTime() - askedNanos;
      boolean free = lease.holder().isEmpty() || ours || waited >= TTL.plus(MARGIN).toNanos();
      if (free && control.nanoTime() - notBeforeNanos >= 0) {
        return take(lease.term() + 1);
      }
      return LOOK;
    }

    /**
     * A lease may be seen long after it was asked for: where the one who leads the group hears
     * nobody, what it asked for last is decided by those who elect another. It was not asked for
     * later than the one before was seen, and as much after that as lies between the two.
     */
    private void sees(Lease lease, long itsRevision, int itsVersion) {
      long now = control.nanoTime();
      Duration after = lease.after(seen);
      askedNanos = after == null ? now : Math.min(now, seenNanos + after.toNanos());
      seen = lease;
      seenNanos = now;
      revision = itsRevision;
      version = itsVersion;
    }

    /** Renews it, or begins a term. */
    private Duration take(long next) throws GroupException {
      long sent = control.nanoTime();
      Lease lease = new Lease(self, next, TimeUnit.NANOSECONDS.toMillis(sent));
      byte[] value = lease.bytes();
      GroupState.Entry written =
          version == -1 ? state.create(path, value) : state.compareAndSet(path, value, version);
      if (written == null) {
        return LOOK; // somebody was quicker
      }
      term = next;
      sees(lease, written.revision(), written.version());
      control.execute(() -> granted(next, sent));
      return Duration.ofMillis(RENEW_MILLIS);
    }

    private void giveUp() throws GroupException {
      GroupState.Entry entry = state.peek(path);
      Lease lease = Lease.of(entry);
      if (entry != null && lease.holder().equals(self)) {
        Object _ =
            state.compareAndSet(path, new Lease("", lease.term(), null).bytes(), entry.version());
      }
      term = 0;
    }

    // --- on the control thread -------------------------------------------------------------

    private void granted(long grantedTerm, long sent) {
      long until = sent + TTL.toNanos();
      if (closed || release || control.nanoTime() - until >= 0) {
        if (!held) {
          expiredTerm = Math.max(expiredTerm, grantedTerm); // came too late to be used
        }
        return;
      }
      if (held && heldTerm != grantedTerm) {
        depose();
      }
      heldUntil = until;
      if (!held) {
        held = true;
        heldTerm = grantedTerm;
        candidate.elected(grantedTerm);
      }
      candidate.renewed(sent, TTL);
      control.schedule(TTL, () -> look(grantedTerm));
    }

    private void look(long ofTerm) {
      if (held && heldTerm == ofTerm) {
        long left = heldUntil - control.nanoTime();
        if (left <= 0) {
          depose();
        }
      }
    }

    private void depose() {
      held = false;
      expiredTerm = heldTerm;
      candidate.deposed();
    }

    @Override
    public void resign() {
      control.execute(this::leave);
    }

    private void leave() {
      if (held) {
        depose();
        notBeforeNanos = control.nanoTime() + TTL.plus(MARGIN).toNanos();
        release = true;
        wake();
      }
    }

    @Override
    public void close() {
      control.execute(() -> {
        if (!closed) {
          leave();
          closed = true;
          all.remove(this);
          wake();
        }
      });
    }

    private void wake() {
      Thread waiting = thread;
      if (waiting != null) {
        LockSupport.unpark(waiting);
      }
    }
  }
}
