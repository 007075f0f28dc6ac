package io.fairlead.proxy.http;

import io.fairlead.service.Node;
import io.fairlead.telemetry.AffinityCounter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says in words what a request's cookie means where clients stay with their nodes. */
final class SessionExplainer {
  private SessionExplainer() {}

  /**
   * Does what {@link Session} would do.
   *
   * @param said what there is to say is added
   * @return the node that has the request's session; null: none has
   */
  static @Nullable Node explain(HttpRoute route, Head request, List<String> said) {
    AffinityTable.Found found = new AffinityTable.Found();
    for (int i = 0; i < route.targetCount(); i++) {
      ServiceTarget target = route.target(i);
      AffinityTable table = target == null ? null : target.affinity();
      if (target == null || table == null) {
        continue;
      }
      table.read(request, found);
      String cookie = "cookie " + Ascii.text(table.cookie(), 0, table.cookie().length);
      Node node = found.node;
      if (found.outcome == AffinityCounter.HIT && node != null) {
        said.add(
            cookie
                + " names node "
                + node.name()
                + " of service "
                + target.service().name()
                + ", which has the session"
                + (node.facts().draining() ? " and keeps it while it drains" : ""));
        return node;
      }
      said.add(
          cookie
              + " of service "
              + target.service().name()
              + " names no node to go to: "
              + found.outcome.meaning()
              + "; whoever answers sets it");
    }
    return null;
  }
}
