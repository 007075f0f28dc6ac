package io.fairlead.replication.manage;

/**
 * Since when a member gets the primary's log, or does not: by what it says itself, and by whom the
 * primary says that it sends to. Either is missing for a moment whenever those who are waited for
 * change, which takes nobody's vote.
 */
final class Following {
  private boolean receives;
  private boolean listed;
  private long since;

  /**
   * @param now when nothing is known of it yet
   */
  Following(long now) {
    since = now;
  }

  /** It has told what it gets. */
  void told(Sight own) {
    if (own.receives() != receives) {
      receives = own.receives();
      since = own.at();
    }
  }

  /** The primary has told whom it sends to. */
  void toldOf(String member, Sight primary) {
    if (primary.followers().contains(member) != listed) {
      listed = !listed;
      since = primary.at();
    }
  }

  /** It is given time anew. */
  void begin(long now) {
    since = now;
  }

  long since() {
    return since;
  }
}
