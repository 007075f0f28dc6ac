package io.fairlead.replication.manage;

import io.fairlead.replication.manage.MemberSql.Member;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Logins to members that are used for one order after the other while the writes move: to log in
 * takes longer than most orders. One for each member, of which nothing is left by the order before.
 * Any thread.
 */
final class KeptLogins {
  private static final Duration FORGETS = Duration.ofSeconds(1);

  private final Map<Member, Sql.Session> idle = new HashMap<>();
  private boolean keeps;

  /** From now on those that are given back are kept; or no more, and those that are kept end. */
  void keep(boolean on) {
    List<Sql.Session> ended = new ArrayList<>();
    synchronized (this) {
      keeps = on;
      if (!on) {
        ended.addAll(idle.values());
        idle.clear();
      }
    }
    ended.forEach(Sql.Session::close);
  }

  /** Null: none is kept. Whether it is of any use is seen when it is used. */
  synchronized Sql.@Nullable Session take(Member member) {
    return idle.remove(member);
  }

  /** One that is given back, or ended if something was wrong with it, when it is closed. */
  Sql.Session lent(Member member, Sql.Session login) {
    return new Sql.Session() {
      private boolean failed;

      @Override
      public List<@Nullable String> row(String question, Duration timeout) throws IOException {
        boolean answered = false;
        try {
          List<@Nullable String> row = login.row(question, timeout);
          answered = true;
          return row;
        } finally {
          failed |= !answered;
        }
      }

      @Override
      public void close() {
        if (failed || !give(member, login)) {
          login.close();
        }
      }
    };
  }

  private boolean give(Member member, Sql.Session login) {
    if (!wants(member)) {
      return false;
    }
    try {
      String _ = login.value("discard all", FORGETS); // locks, settings, tables
    } catch (IOException _) {
      return false;
    }
    synchronized (this) {
      return wants(member) && idle.putIfAbsent(member, login) == null;
    }
  }

  private synchronized boolean wants(Member member) {
    return keeps && !idle.containsKey(member);
  }
}
