package io.fairlead.proxy.http;

import io.fairlead.extension.LoadedFilter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the filters of a route have said of one request. Belongs to its exchange. */
final class Filtered {
  private final LoadedFilter[] filters;
  private final int loop;
  private boolean decided;
  private @Nullable ServiceTarget target;
  private @Nullable List<FilterEdit> response;

  /** All of the filters will be asked, unless one answers. */
  Filtered(LoadedFilter[] filters, int loop) {
    this.filters = filters;
    this.loop = loop;
    for (LoadedFilter filter : filters) {
      filter.enter(loop);
    }
  }

  /** None of them is needed any more. */
  void decided() {
    if (!decided) {
      decided = true;
      for (LoadedFilter filter : filters) {
        filter.leave(loop);
      }
    }
  }

  void sendTo(ServiceTarget service) {
    target = service;
  }

  /** Where it goes instead; null: as the route says. */
  @Nullable ServiceTarget target() {
    return target;
  }

  /** The answer gets these, whoever makes it. */
  void addToResponse(List<FilterEdit> edits) {
    if (edits.isEmpty()) {
      return;
    }
    List<FilterEdit> all = response;
    if (all == null) {
      all = new ArrayList<>(edits.size());
      response = all;
    }
    all.addAll(edits);
  }

  void editResponse(Head head) {
    List<FilterEdit> all = response;
    if (all != null) {
      for (FilterEdit edit : all) {
        edit.apply(head);
      }
    }
  }
}
