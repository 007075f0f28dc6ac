package io.fairlead.replication;

import io.fairlead.config.DatabaseReads;
import io.fairlead.service.Role;
import io.fairlead.service.Sighting;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Judges the members of a PostgreSQL database by what they tell.
 *
 * <p>Who is not in recovery claims to be the primary. Every promotion begins a timeline with a
 * higher number [1], and a server knows nothing of those above its own: so a claim on a timeline
 * below one that has been seen in force is of the past, and does not count, whoever else is up. Of
 * two claims that may both be of the present the higher wins only if the other is provably behind:
 * it has written nothing that the winner had not replayed before its promotion. Otherwise both have
 * what the other lacks, and nobody gets writes until one of them ceases or an operator ends it. A
 * claim that is older than a higher one's first is not held against that, but has to be repeated or
 * withdrawn first: somebody may have been demoted in between.
 *
 * <p>Replicas may be read while they are close enough behind, in time and in bytes, and do not
 * follow a primary of the past.
 *
 * <p>[1] PostgreSQL 15 documentation, 26.3.5 Timelines.
 */
final class PostgresqlJudge {
  private final List<Member> members;
  private final Term term;
  private final DatabaseReads reads;
  private final @Nullable Admission admission;
  private final List<@Nullable Role> roles = new ArrayList<>();
  private final List<String> alarms = new ArrayList<>();
  private String why = "";

  private PostgresqlJudge(
      List<Member> members, Term term, DatabaseReads reads, @Nullable Admission admission) {
    this.members = members;
    this.admission = admission;
    this.term = term;
    this.reads = reads;
    for (int i = 0; i < members.size(); i++) {
      roles.add(null);
    }
  }

  static Judgement judge(List<Member> members, Term term, DatabaseReads reads) {
    return new PostgresqlJudge(members, term, reads, null).judgement();
  }

  /** The same where it is known who is to take the writes: nobody else's claim counts. */
  static Judgement judge(
      List<Member> members, Term term, DatabaseReads reads, Admission admission) {
    return new PostgresqlJudge(members, term, reads, admission).judgement();
  }

  private Judgement judgement() {
    String system = system();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (!members.get(i).up()) {
        roles.set(i, Role.none("does not answer"));
      } else if (told == null) {
        roles.set(i, Role.none("has not been asked yet"));
      } else if (!told.system().equals(system)) {
        roles.set(i, Role.none("holds other data (system identifier " + told.system() + ")"));
        if (!system.isEmpty()) {
          alarms.add(members.get(i).name() + " holds the data of another database");
        }
      }
    }
    long established = term.number();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (told != null && told.recovering() && told.system().equals(system)) {
        established = Math.max(established, told.timeline());
      }
    }
    int primary = admission == null ? primary(established) : admitted(admission);
    Sighting.Postgresql first = primary < 0 ? null : told(primary);
    if (first != null) {
      established = admission == null ? Math.max(established, first.timeline()) : first.timeline();
    }
    judgeReplicas(primary);
    return new Judgement(
        finished(primary),
        primary,
        why,
        String.join("; ", alarms),
        first == null ? term : new Term(first.system(), established, ""));
  }

  /** Of the data that is meant; empty: members differ, and nobody knows which are right. */
  private String system() {
    if (!term.system().isEmpty()) {
      return term.system();
    }
    TreeSet<String> known = new TreeSet<>();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (told != null) {
        known.add(told.system());
      }
    }
    if (known.size() > 1) {
      alarms.add("members hold different data (system identifiers " + known + ")");
    }
    return known.size() == 1 ? known.first() : "";
  }

  private int admitted(Admission chosen) {
    int primary = Judgement.NOBODY;
    why = chosen.member().isEmpty() ? chosen.why() : chosen.member() + " is not there yet";
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (roles.get(i) != null || told == null || told.recovering()) {
        continue;
      }
      if (members.get(i).name().equals(chosen.member()) && told.timeline() == chosen.timeline()) {
        primary = i;
        why = "";
      } else {
        roles.set(i, Role.none("is not the primary that was elected"));
      }
    }
    return primary;
  }

  private int primary(long established) {
    List<Integer> claims = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (roles.get(i) != null || told == null || told.recovering()) {
        continue;
      }
      if (told.timeline() < established) {
        alarms.add(
            members.get(i).name()
                + " takes writes on timeline "
                + told.timeline()
                + ", which ended when timeline "
                + established
                + " began");
        roles.set(i, Role.none("is a primary of the past, of timeline " + told.timeline()));
      } else {
        claims.add(i);
      }
    }
    if (claims.isEmpty()) {
      why = "no member takes writes";
      return Judgement.NOBODY;
    }
    int top = claims.getFirst();
    for (int claim : claims) {
      if (timeline(claim) > timeline(top)) {
        top = claim;
      }
    }
    for (int claim : claims) {
      if (claim != top && !isBehind(claim, top)) {
        return dispute(claims, claim, top);
      }
    }
    for (int claim : claims) {
      if (claim != top) {
        roles.set(claim, Role.none("is a primary of the past, of timeline " + timeline(claim)));
      }
    }
    return top;
  }

  /**
   * Whether the winner of the higher timeline had replayed all that the other has written. What the
   * other told before that began says nothing: it may have written more since.
   */
  private boolean isBehind(int claim, int top) {
    Sighting.Postgresql told = told(claim);
    Member winner = members.get(top);
    return told != null
        && timeline(claim) < timeline(top)
        && members.get(claim).seen() >= winner.changed()
        && winner.replayed().isPresent()
        && told.position() <= winner.replayed().getAsLong();
  }

  private int dispute(List<Integer> claims, int one, int top) {
    String both = members.get(one).name() + " and " + members.get(top).name();
    if (timeline(one) < timeline(top) && members.get(one).seen() < members.get(top).changed()) {
      why =
          members.get(top).name() + " was promoted; " + members.get(one).name() + " is asked again";
    } else {
      why = both + " both take writes";
      alarms.add(
          both
              + " both take writes (timelines "
              + timeline(one)
              + " and "
              + timeline(top)
              + "), and neither is known to have all of the other's: nobody gets any through here");
    }
    for (int claim : claims) {
      roles.set(claim, Role.none(why));
    }
    return Judgement.NOBODY;
  }

  private void judgeReplicas(int primary) {
    Sighting.Postgresql first = primary < 0 ? null : told(primary);
    for (int i = 0; i < members.size(); i++) {
      Sighting.Postgresql told = told(i);
      if (roles.get(i) == null && told != null && i != primary) {
        String wrong = wrong(members.get(i), told, first);
        roles.set(i, new Role(Role.Kind.REPLICA, false, wrong.isEmpty(), wrong));
      }
    }
  }

  private String wrong(
      Member member, Sighting.Postgresql told, Sighting.@Nullable Postgresql first) {
    if (first != null && told.follows() && told.timeline() != first.timeline()) {
      return "receives timeline "
          + told.timeline()
          + ", but the primary writes "
          + first.timeline();
    }
    if (told.lag().isEmpty()) {
      return "does not know how far it is behind";
    }
    double seconds = told.lag().getAsDouble();
    if (seconds * 1e9 > reads.maxLag().toNanos()) {
      return String.format(Locale.ROOT, "is %.1f s behind", seconds);
    }
    long bytes = member.behind().orElse(0);
    return bytes > reads.maxLagBytes()
        ? String.format(Locale.ROOT, "is %.1f MiB behind", bytes / 1048576.0)
        : "";
  }

  private List<Role> finished(int primary) {
    List<Role> all = new ArrayList<>();
    IntPredicate isRead =
        i -> {
          Role role = roles.get(i);
          Member member = members.get(i);
          return role != null && role.reads() && !member.draining();
        };
    boolean alone =
        reads.primary() && java.util.stream.IntStream.range(0, members.size()).noneMatch(isRead);
    for (int i = 0; i < members.size(); i++) {
      Role role = roles.get(i);
      if (i == primary) {
        all.add(new Role(Role.Kind.PRIMARY, true, alone, "timeline " + timeline(i)));
      } else {
        all.add(role == null ? Role.none("") : role);
      }
    }
    return all;
  }

  private long timeline(int member) {
    Sighting.Postgresql told = told(member);
    return told == null ? 0 : told.timeline();
  }

  private Sighting.@Nullable Postgresql told(int member) {
    return members.get(member).sighting() instanceof Sighting.Postgresql told ? told : null;
  }
}
