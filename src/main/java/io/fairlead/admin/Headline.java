package io.fairlead.admin;

import io.fairlead.admin.LiveView.NodeLive;
import io.fairlead.admin.LiveView.ServiceLive;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * How things are, in words: the worst first, in sentences that could be said on the telephone.
 *
 * @param level good, attention or bad
 * @param text one sentence
 * @param notes what else deserves attention
 */
record Headline(String level, String text, List<String> notes) {
  /** A share of failed requests that is worth a sentence: one in a hundred. */
  private static final double NOTABLE_ERRORS = 0.01;

  /** Sentences beyond the first, at most. */
  private static final int MAX_NOTES = 5;

  /** Nodes named in one sentence, at most. */
  private static final int MAX_NAMED = 3;

  /**
   * @param services worst first
   * @param scaled names of services whose nodes come and go as they are needed
   * @param alarms about services, as sentences
   * @param rate requests a second, all listeners
   * @param nowMillis the time for people
   */
  static Headline of(
      boolean ready,
      boolean draining,
      LiveView.ConfigBrief config,
      List<ServiceLive> services,
      Set<String> scaled,
      List<String> alarms,
      double rate,
      long nowMillis) {
    List<String> bad = new ArrayList<>();
    List<String> attention = new ArrayList<>();
    if (draining) {
      attention.add(
          "This instance is draining: it finishes what is in flight and takes nothing new.");
    } else if (!ready) {
      bad.add("This instance is not ready: it does not serve on every listener yet.");
    }
    int nodes = 0;
    for (ServiceLive service : services) {
      nodes += service.total();
      if (scaled.contains(service.name()) && isAsWanted(service)) {
        nodes -= service.total() - service.available();
      } else if (service.total() == 0) {
        attention.add("Service " + service.name() + " has no nodes.");
      } else if (service.available() < service.total()) {
        String sentence = nodesOf(service, nowMillis);
        (service.available() == 0 ? bad : attention).add(sentence);
      }
      if (service.figures().errorShare() >= NOTABLE_ERRORS) {
        attention.add(
            percent(service.figures().errorShare())
                + " of requests to "
                + service.name()
                + " failed in the last 10 s.");
      }
    }
    attention.addAll(alarms);
    if (!config.lastReloadSucceeded()) {
      attention.add(
          "The last configuration offered was refused; version "
              + config.version()
              + " stays in force.");
    }
    List<String> all = new ArrayList<>(bad);
    all.addAll(attention);
    if (all.isEmpty()) {
      return new Headline("good", wellText(services.size(), nodes, rate), List.of());
    }
    List<String> notes = all.subList(1, Math.min(all.size(), 1 + MAX_NOTES));
    return new Headline(bad.isEmpty() ? "attention" : "bad", all.getFirst(), List.copyOf(notes));
  }

  /** Whether all that is not up has just been started, or is about to be stopped. */
  private static boolean isAsWanted(ServiceLive service) {
    if (service.total() == 0) {
      return true;
    }
    return service.available() > 0
        && service.hiddenNodes() == 0
        && service.nodes().stream()
            .allMatch(node ->
                node.state().equals("up")
                    || node.state().equals("starting")
                    || node.state().equals("draining"));
  }

  private static String wellText(int services, int nodes, double rate) {
    if (services == 0) {
      return "Ready. No services are configured yet.";
    }
    return "All is well: "
        + (nodes == 1 ? "the one node is up" : "all " + nodes + " nodes are up")
        + (services == 1 ? "" : " in " + services + " services")
        + (rate >= 0.5 ? ", " + String.format(Locale.ROOT, "%,.0f", rate) + " requests/s." : ".");
  }

  private static String nodesOf(ServiceLive service, long nowMillis) {
    StringBuilder text = new StringBuilder();
    if (service.up() == service.total()) {
      text.append(service.total() == 1 ? "The node" : "All " + service.total() + " nodes")
          .append(" of ")
          .append(service.name())
          .append(service.total() == 1 ? " is up" : " are up");
    } else {
      text.append(service.up() == 0 ? "None" : service.up())
          .append(" of ")
          .append(service.total())
          .append(" nodes of ")
          .append(service.name())
          .append(service.up() <= 1 ? " is up" : " are up");
    }
    List<String> parts = new ArrayList<>();
    int left = 0;
    for (NodeLive node : service.nodes()) {
      if (node.state().equals("up")) {
        continue;
      }
      if (parts.size() == MAX_NAMED) {
        left++;
        continue;
      }
      String sinceText = span(Math.max(0, nowMillis - node.since()));
      parts.add(
          node.state().equals("draining")
              ? node.name()
                  + " draining for "
                  + sinceText
                  + (node.inFlight() == 0 ? ", empty" : ", " + node.inFlight() + " in flight")
              : node.name()
                  + " "
                  + spoken(node.state())
                  + " for "
                  + sinceText
                  + ": "
                  + node.reason());
    }
    left += Math.min(service.hiddenNodes(), service.down() + service.draining());
    if (!parts.isEmpty()) {
      text.append(": ").append(String.join("; ", parts));
      int others = service.down() + service.draining() - parts.size();
      if (left > 0 && others > 0) {
        text.append("; and ").append(others).append(" more");
      }
    }
    return text.append('.').toString();
  }

  private static String spoken(String state) {
    return state.equals("probation") ? "on probation" : state;
  }

  /** A length of time in one unit, or two where one would be coarse. */
  static String span(long millis) {
    long seconds = millis / 1000;
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min" + (seconds < 600 ? " " + seconds % 60 + " s" : "");
    }
    if (seconds < 86_400) {
      return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }
    return seconds / 86_400 + " d " + seconds % 86_400 / 3600 + " h";
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, share < 0.1 ? "%.1f %%" : "%.0f %%", share * 100);
  }
}
