package io.fairlead.dns;

import java.util.List;

/** Where the members of a pool come from: nodes of a service, front ends, or a list. */
public interface Members {
  /** What they are called, for people: {@code service shop}. */
  String text();

  /** As they are now. Control thread; cheap, since it is asked twice a second. */
  List<Member> now();
}
