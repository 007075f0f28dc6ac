package io.fairlead.replication;

import io.fairlead.config.DatabaseConfig.Writers;
import io.fairlead.config.DatabaseReads;
import io.fairlead.service.Role;
import io.fairlead.service.Sighting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Judges the nodes of a Galera cluster by what they tell.
 *
 * <p>Any node that is ready may take writes. One does at a time unless all were asked for: writers
 * that meet on the same rows roll each other back. It keeps the role as long as it is ready, and
 * does not get it back when it returns, since every move costs sessions; then it falls to the first
 * in the order of the configuration that does not give its data to another at that moment.
 *
 * <p>A node that was cut off goes on for some seconds believing that it belongs to the cluster. It
 * is known by the number of the membership that it knows: that of the others is higher. Two parts
 * that both believe to be the cluster get nothing, both.
 */
final class GaleraJudge {
  /** A change of membership reaches all nodes within this time, or they were not all told. */
  static final Duration SETTLING = Duration.ofSeconds(1);

  private final List<Member> members;
  private final Term term;
  private final @Nullable Admission admission;
  private final List<String> alarms = new ArrayList<>();
  private final List<@Nullable Role> roles = new ArrayList<>();

  private GaleraJudge(List<Member> members, Term term, @Nullable Admission admission) {
    this.members = members;
    this.term = term;
    this.admission = admission;
    for (int i = 0; i < members.size(); i++) {
      roles.add(null);
    }
  }

  static Judgement judge(List<Member> members, Term term, Writers writers, DatabaseReads reads) {
    return judge(members, term, writers, reads, null);
  }

  /**
   * Judges.
   *
   * @param admission who may take the writes, where it is one, and Fairlead says so; null: whoever
   *     is fit
   */
  static Judgement judge(
      List<Member> members,
      Term term,
      Writers writers,
      DatabaseReads reads,
      @Nullable Admission admission) {
    return new GaleraJudge(members, term, writers == Writers.ONE ? admission : null)
        .judgement(writers, reads);
  }

  private Judgement judgement(Writers writers, DatabaseReads reads) {
    String cluster = cluster();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      if (!members.get(i).up()) {
        roles.set(i, Role.none("does not answer"));
      } else if (told == null) {
        roles.set(i, Role.none("has not been asked yet"));
      } else if (!told.ready().isEmpty()) {
        roles.set(i, Role.none(told.ready()));
      } else if (!told.cluster().equals(cluster)) {
        roles.set(i, Role.none("belongs to another cluster (" + told.cluster() + ")"));
        if (!cluster.isEmpty()) {
          alarms.add(members.get(i).name() + " belongs to another cluster");
        }
      }
    }
    excludeThePast();
    if (isSplit()) {
      for (int i = 0; i < members.size(); i++) {
        if (roles.get(i) == null) {
          roles.set(i, Role.none("one of two parts that both believe to be the cluster"));
        }
      }
    }
    int writer = writers == Writers.ONE && isStillAsking() ? Judgement.NOBODY : writer();
    return new Judgement(
        finished(writers, reads, writer),
        writer,
        writer < 0
            ? admission == null || admission.why().isEmpty()
                ? "no member takes writes"
                : admission.why()
            : "",
        String.join("; ", alarms),
        writer < 0 ? term : new Term(cluster, 0, members.get(writer).name()));
  }

  private String cluster() {
    if (!term.system().isEmpty()) {
      return term.system();
    }
    TreeSet<String> known = new TreeSet<>();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      if (told != null && members.get(i).up() && told.ready().isEmpty()) {
        known.add(told.cluster());
      }
    }
    if (known.size() > 1) {
      alarms.add("members belong to different clusters " + known);
    }
    return known.size() == 1 ? known.first() : "";
  }

  private void excludeThePast() {
    long latest = 0;
    long since = 0;
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      if (roles.get(i) == null && told != null) {
        if (told.view() > latest) {
          latest = told.view();
          since = members.get(i).changed();
        } else if (told.view() == latest && members.get(i).changed() - since < 0) {
          since = members.get(i).changed();
        }
      }
    }
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      if (roles.get(i) == null
          && told != null
          && told.view() < latest
          && members.get(i).seen() - since > SETTLING.toNanos()) {
        roles.set(i, Role.none("knows membership " + told.view() + " only, others know " + latest));
      }
    }
  }

  /** Whether nodes with a membership of the same number do not mean the same. */
  private boolean isSplit() {
    for (int i = 0; i < members.size(); i++) {
      for (int k = 0; k < i; k++) {
        Sighting.Galera one = told(i);
        Sighting.Galera other = told(k);
        if (roles.get(i) == null
            && roles.get(k) == null
            && one != null
            && other != null
            && one.view() == other.view()
            && one.size() != other.size()) {
          alarms.add(
              members.get(k).name()
                  + " and "
                  + members.get(i).name()
                  + " belong to two parts that both believe to be the cluster: nobody gets any"
                  + " connection through here");
          return true;
        }
      }
    }
    return false;
  }

  /** The first to answer is not the first in the configuration. */
  private boolean isStillAsking() {
    return term.writer().isEmpty()
        && members.stream().anyMatch(member -> member.up() && member.sighting() == null);
  }

  private int writer() {
    int best = Judgement.NOBODY;
    int rank = 0;
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      if (roles.get(i) != null || told == null || told.readOnly() || members.get(i).draining()) {
        continue;
      }
      if (admission != null && !admission.member().equals(members.get(i).name())) {
        continue;
      }
      int own = members.get(i).name().equals(term.writer()) ? 3 : told.donor() ? 1 : 2;
      if (own > rank) {
        best = i;
        rank = own;
      }
    }
    return best;
  }

  private List<Role> finished(Writers writers, DatabaseReads reads, int writer) {
    boolean replica = false;
    for (int i = 0; i < members.size(); i++) {
      replica |= roles.get(i) == null && i != writer && !members.get(i).draining();
    }
    List<Role> all = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Sighting.Galera told = told(i);
      Role role = roles.get(i);
      if (role != null || told == null) {
        all.add(role == null ? Role.none("") : role);
      } else {
        boolean writes = i == writer || (writers.areSeveral() && !told.readOnly());
        boolean readsToo = writers.areSeveral() || i != writer || (reads.primary() && !replica);
        all.add(
            new Role(
                writes ? Role.Kind.PRIMARY : Role.Kind.REPLICA,
                writes,
                readsToo,
                told.donor() ? "gives its data to another node" : ""));
      }
    }
    return all;
  }

  private Sighting.@Nullable Galera told(int member) {
    return members.get(member).sighting() instanceof Sighting.Galera told ? told : null;
  }
}
