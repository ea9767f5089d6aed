"""SageMaker for a laptop: AutoML jobs that really train, and the model registry, behind the service's own API.

``python -m airflow_sagemaker_automl.emulator`` serves S3, STS, IAM and SageMaker on loopback.
It stands on moto's server and replaces what moto only pretends to do.
What testers need beside it, they ask for with plain HTTP under ``/automl-emulator/``: ``scripts`` and ``faults``.
It shares no code with the rest of the package, so that one wrong idea cannot sit on both sides of a test.

=====================  ================================================================================================
``service``            which operations there are: ``OPERATIONS`` are the emulator's own, ``LEFT_TO_MOTO`` are
                       moto's, and any other is ``UnknownOperationException``
``contract``           what botocore's service model says of requests and answers; every answer is held to it
``admission``          the rules between the members of a job's request
``operations``         one module for each subject: AutoML jobs (V2 and V1), registry, hosting, tags, search
``jobs``               an AutoML job's states, whoever takes it through them: ``supervisor`` with a ``trainer`` process,
                       or ``playback`` with a ``script``
``child``              how processes are started: forked from one that has loaded AutoGluon
``script``             how to tell the emulator how a job goes, instead of training it; ``package_script`` the same of
                       how a version is completed
``faults``             what can be made to go wrong, the quota of jobs at once for example; ``fault_switch`` keeps what
                       is in force, and ``fate`` is what it means for one request
``documents``          how all of them are read: strictly
``request_count``      how often each operation has been answered
``registry``           model packages and their groups; ``registration`` is what is looked at before they are kept
``hosting``            models, endpoint configurations, endpoints
=====================  ================================================================================================
"""
