"""The public API as Python modules, which the build makes from proto/tailcast/v1/.

An installed tree has them beside this file, a source tree in build/python; TAILCAST_STUBS=DIR names another place.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
STUBS = os.environ.get("TAILCAST_STUBS") or (HERE if (HERE / "tailcast").is_dir() else
                                             HERE.parents[1] / "build" / "python")
sys.path.insert(0, str(STUBS))
from tailcast.v1 import bundle_service_pb2 as bundle_api  # noqa: E402, F401
from tailcast.v1 import bundle_service_pb2_grpc as bundle_service  # noqa: E402, F401
from tailcast.v1 import feature_service_pb2 as feature_api  # noqa: E402, F401
from tailcast.v1 import feature_service_pb2_grpc as feature_service  # noqa: E402, F401
from tailcast.v1 import stream_pb2 as stream_api  # noqa: E402, F401
from tailcast.v1 import tensor_pb2 as tensor_api  # noqa: E402, F401
