-- wrk's requests: the paths of a file, a line each, one after the other. Usage: wrk -s rotate.lua URL -- FILE
local requests, at = {}, 0

function init(arguments)
    for path in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format(nil, path)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary)
    local errors = summary.errors
    print(string.format("measured %d requests %d us %d errors", summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
