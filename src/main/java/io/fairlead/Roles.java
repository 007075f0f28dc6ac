package io.fairlead;

import io.fairlead.runtime.Leadership;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Roles that are the group's while this instance is in one, and its own while it is alone. Who
 * stands for a role goes on doing so when that changes: the role is given up and stood for anew.
 * Nobody is elected before it is known which it is.
 */
final class Roles implements Leadership {
  private final Leadership alone;
  private final List<Standing> all = new ArrayList<>();
  private @Nullable Leadership present;

  /**
   * @param alone who decides while there is no group
   */
  Roles(Leadership alone) {
    this.alone = alone;
  }

  /**
   * From now on the group decides.
   *
   * @param group null: there is none
   */
  synchronized void follow(@Nullable Leadership group) {
    Leadership next = group == null ? alone : group;
    if (!next.equals(present)) {
      present = next;
      all.forEach(each -> each.move(next));
    }
  }

  @Override
  public synchronized Candidacy stand(String role, Candidate candidate) {
    Standing standing = new Standing(role, candidate);
    all.add(standing);
    if (present != null) {
      standing.move(present);
    }
    return standing;
  }

  private final class Standing implements Candidacy {
    private final String role;
    private final Candidate candidate;
    private @Nullable Candidacy candidacy;

    Standing(String role, Candidate candidate) {
      this.role = role;
      this.candidate = candidate;
    }

    /** Both tell the candidate on the control thread, so it hears of the end first. */
    void move(Leadership next) {
      if (candidacy != null) {
        candidacy.close();
      }
      candidacy = next.stand(role, candidate);
    }

    @Override
    public void resign() {
      synchronized (Roles.this) {
        if (candidacy != null) {
          candidacy.resign();
        }
      }
    }

    @Override
    public void close() {
      synchronized (Roles.this) {
        all.remove(this);
        if (candidacy != null) {
          candidacy.close();
          candidacy = null;
        }
      }
    }
  }
}
