package io.fairlead.simulate;

import io.fairlead.config.OutlierConfig;
import io.fairlead.config.SimulationConfig.Route;
import io.fairlead.insight.Detector;
import io.fairlead.insight.Subject;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.simulate.Picker.End;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.OpenTry;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The detector of one instance with what event loops would count for it. Probes pass always: what
 * is to be found here is what they do not see.
 */
final class Judge {
  /** How often production lets it look. */
  private static final long TICK = 500_000_000L;

  private final Service service;
  private final ServiceAnswers answers = new ServiceAnswers(1);
  private final Detector detector = new Detector(answers, OutlierConfig.DEFAULT);
  private final IdentityHashMap<Node, Subject> subjects = new IdentityHashMap<>();
  private final IdentityHashMap<Subject, Node> nodes = new IdentityHashMap<>();
  private final int[] classes;
  private @Nullable NodeAnswers[] counts = {};
  private @Nullable OpenTry[] tries = new OpenTry[1024];
  private long next = TICK;
  private long alarmed = Long.MAX_VALUE;

  Judge(Service service, List<Route> routes) {
    this.service = service;
    this.classes = routes.stream().mapToInt(route -> answers.classOf(route.name())).toArray();
  }

  void replace(Node[] members, long now) {
    List<Subject> all = new ArrayList<>();
    for (Node node : members) {
      Subject subject =
          subjects.computeIfAbsent(
              node,
              _ -> {
                int number = OwnBalancer.number(node);
                if (number >= counts.length) {
                  counts = Arrays.copyOf(counts, number + 1);
                }
                NodeAnswers its = answers.newNode();
                counts[number] = its;
                return Detector.subject(node.name(), node.facts().labels(), its);
              });
      nodes.put(subject, node);
      all.add(subject);
    }
    detector.replace(all, now);
  }

  void sent(int row, int node, int route, int client, long now) {
    NodeAnswers its = counts[node];
    if (its == null) {
      throw new IllegalStateException("node " + node + " is no member");
    }
    if (row >= tries.length) {
      tries = Arrays.copyOf(tries, Integer.highestOneBit(row) * 2);
    }
    OpenTry open = tries[row];
    if (open == null) {
      open = new OpenTry();
      tries[row] = open;
    }
    // Spread, as the hashes of addresses are.
    open.begin(answers, its, 0, classes[route], client * 0x9E3779B1 + 1, now);
  }

  void over(int row, long now, End end) {
    OpenTry open = tries[row];
    if (open == null) {
      return;
    }
    if (end == End.TIMED_OUT) {
      open.failed();
    } else if (end != End.CANCELLED) {
      open.answered(end == End.FAILED, now);
    }
    open.end(now);
  }

  void tick(long now) {
    if (now < next) {
      return;
    }
    next = now + TICK;
    for (Subject subject : nodes.keySet()) {
      subject.passedProbe(now);
    }
    answers.sweep(0, now);
    Detector.News news = detector.tick(now);
    service.changing(() -> {
      for (Detector.Change change : news.changes()) {
        Node node = nodes.get(change.subject());
        if (node != null) {
          service.setStanding(node, change.after());
        }
      }
    });
    if (!news.raised().isEmpty()) {
      alarmed = Math.min(alarmed, now);
    }
  }

  long alarmedSince() {
    return alarmed;
  }
}
