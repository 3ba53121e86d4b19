# What a mistake looks like: calls that never come back, sums that never end, values that grow.
def deep: 1 + deep;
if .how == "steps" then last(repeat(1)) elif .how == "calls" then deep elif .how == "bytes" then "x" * 1e9
elif .how == "nesting" then reduce range(1000) as $i (0; [.]) else .what end
