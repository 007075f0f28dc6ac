package io.fairlead.demo;

import io.fairlead.demo.RequestHead.Field;
import java.util.List;

/**
 * One request, read to its end.
 *
 * @param head what the head says
 * @param path target without query
 * @param query what follows the path
 * @param rawHead the bytes of the head as received, one Latin-1 character each; empty unless the
 *     path is {@code /echo}
 * @param body the content, likewise; empty unless the path is {@code /echo}
 * @param trailers fields after a chunked body
 * @param number count of requests at this node, from 1
 */
record Request(
    RequestHead head,
    String path,
    Query query,
    String rawHead,
    String body,
    List<Field> trailers,
    long number) {}
