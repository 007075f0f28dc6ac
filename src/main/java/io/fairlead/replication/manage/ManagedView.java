package io.fairlead.replication.manage;

import java.util.ArrayList;
import java.util.List;

/**
 * What is known of a managed database here.
 *
 * @param coordinates whether this instance decides about it
 * @param paused whether nothing is done until an operator says so
 * @param term the highest that has begun
 * @param names what a commit waits for
 * @param doing what is going on, for people; empty: nothing
 * @param members those that this instance runs, and those of other instances of the group
 * @param steps how the last failover went, one after the other; known to whoever decided about it
 */
public record ManagedView(
    boolean coordinates,
    boolean paused,
    long term,
    String names,
    String doing,
    List<Own> members,
    List<Step> steps) {
  public ManagedView {
    members = List.copyOf(members);
    steps = List.copyOf(steps);
  }

  ManagedView with(Own member) {
    List<Own> all = new ArrayList<>(members);
    all.add(member);
    return new ManagedView(coordinates, paused, term, names, doing, all, steps);
  }

  /**
   * A member as the instance that runs it sees it.
   *
   * @param instance which; empty: this one, which is alone
   * @param doing what is done with it
   * @param trouble what is in the way; empty: nothing
   * @param pid of its server; 0: none runs
   * @param damage which page of its data is not what was written; empty: none is known
   */
  public record Own(
      String name, String instance, String doing, String trouble, long pid, String damage) {
    /** Of one whose data is not known to be damaged. */
    public Own(String name, String instance, String doing, String trouble, long pid) {
      this(name, instance, doing, trouble, pid, "");
    }

    Own at(String where) {
      return new Own(name, where, doing, trouble, pid, damage);
    }
  }

  /**
   * One step of a failover.
   *
   * @param what was done
   * @param millis since the failover began
   */
  public record Step(String what, long millis) {}
}
