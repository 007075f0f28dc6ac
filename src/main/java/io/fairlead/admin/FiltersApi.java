package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.FilterConfig;
import io.fairlead.config.FilterConfig.OnError;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.filter.FilterApi;
import io.fairlead.filter.QuickFilter;
import io.fairlead.telemetry.FilterCounter;
import io.fairlead.telemetry.LoopCounters;
import java.util.List;
import java.util.Map;

/** Classes of others that look at requests: which are loaded, and how they do. */
final class FiltersApi {
  @Doc("Filters of this instance.")
  record FiltersView(
      @Doc("Version of io.fairlead.filter that they are compiled against.") int api,
      List<FilterView> filters) {}

  @Doc("A class of somebody else's that looks at requests.")
  record FilterView(
      String name,
      String jar,
      @Doc("The class that made it.") String factory,
      @Doc("What the manifest of its jar says; empty: nothing.") String version,
      @Doc("SHA-256 of its jar.") String sha256,
      @Doc("quick, on the event loop; or waiting, with a thread for each request.") String kind,
      @Doc("What becomes of requests when it fails: refuse or pass.") String onError,
      @Doc("Requests that it was asked about.") long requests,
      @Doc("Of these: those about which it did not decide.") long failed,
      @Doc("Why not, the last time; empty: it always has.") String lastFailure,
      @Doc("Times that it kept an event loop for more than 10 ms.") long slow,
      @Doc("Milliseconds until it had decided, on average; 0: it was never asked.") double millis,
      @Doc("Calls that go on now; 0 if it is quick.") int calls) {
    static FilterView of(LoadedFilter filter) {
      FilterConfig config = filter.config();
      LoopCounters<FilterCounter> counters = filter.stats().counters();
      long requests = counters.get(FilterCounter.CALLS);
      return new FilterView(
          config.name(),
          config.jar().toString(),
          config.factory(),
          filter.version(),
          filter.digest(),
          filter.filter() instanceof QuickFilter ? "quick" : "waiting",
          config.onError() == OnError.PASS ? "pass" : "refuse",
          requests,
          filter.stats().failures(),
          filter.stats().lastFailure(),
          counters.get(FilterCounter.SLOW),
          requests == 0 ? 0 : counters.get(FilterCounter.NANOS) / 1e6 / requests,
          filter.calls());
    }
  }

  private final Instance instance;

  FiltersApi(Instance instance) {
    this.instance = instance;
  }

  Endpoint endpoint() {
    return new Endpoint(
        "GET",
        "/api/v1/filters",
        Role.VIEWER,
        "Classes of your own that look at requests (filters): which are loaded, and how they do.",
        List.of(),
        Body.NONE,
        Map.of(Api.JSON, FiltersView.class),
        this::list);
  }

  private Answer list(Call call) {
    return Answer.json(
        new FiltersView(
            FilterApi.VERSION, instance.filters().stream().map(FilterView::of).toList()));
  }
}
